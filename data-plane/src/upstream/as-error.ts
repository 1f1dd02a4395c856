/** Anything may be thrown; this makes it an `Error` that can be passed on. */
export const asError = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new Error(String(thrown)))
