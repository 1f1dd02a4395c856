/** One JSON line per event on standard output. Values are ours: no body, token or secret is ever handed to it. */
export type Log = (level: 'info' | 'warn' | 'error', event: string, facts?: Record<string, unknown>) => void

export const log: Log = (level, event, facts = {}) => {
  process.stdout.write(`${JSON.stringify({ at: new Date().toISOString(), level, event, ...facts })}\n`)
}

/** What a log may say of a failure: its words, and those of what caused it. */
export function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const words = error.message || error.name
  return error.cause === undefined ? words : `${words}: ${wordsOf(error.cause)}`
}
