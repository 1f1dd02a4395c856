/** Writes one JSON line per event to standard output. Never pass it a body, a token or a secret. */
export type Log = (level: 'info' | 'warn' | 'error', event: string, facts?: Record<string, unknown>) => void

export const log: Log = (level, event, facts = {}) => {
  process.stdout.write(`${JSON.stringify({ at: new Date().toISOString(), level, event, ...facts })}\n`)
}

/** The message of an error and of its causes, for a log. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const message = error.message || error.name
  return error.cause === undefined ? message : `${message}: ${errorText(error.cause)}`
}
