/** Times as GitLab writes them, with milliseconds. */
export const timestamp = (at: Date | undefined): string | null => at?.toISOString() ?? null
export const day = (at: Date | undefined): string | null => at?.toISOString().slice(0, 10) ?? null
