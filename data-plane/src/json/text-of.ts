/**
 * A value from outside as text: a string as it is, anything else as its JSON. `String` would call what the sender named
 * `toString`, and fail.
 */
export const textOf = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''))
