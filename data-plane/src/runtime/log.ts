import { printable } from '@bir/sdk/printable'

/** Writes one JSON line per event to standard output. Callers never pass a body, token or secret. */
export type Log = (level: 'info' | 'warn' | 'error', event: string, facts?: Record<string, unknown>) => void

export const log: Log = (level, event, facts = {}) => {
  // Callers choose some of the texts, and these must not control the terminal of who reads them.
  process.stdout.write(`${printable(JSON.stringify({ at: new Date().toISOString(), level, event, ...facts }))}\n`)
}
