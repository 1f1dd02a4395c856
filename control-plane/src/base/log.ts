import { printable } from '@bir/sdk/printable'

/** Writes one JSON line per event to standard output. Never pass it a body, a token or a secret. */
export type Log = (level: 'info' | 'warn' | 'error', event: string, facts?: Record<string, unknown>) => void

export const log: Log = (level, event, facts = {}) => {
  // Callers choose some of the texts, and these must not control the terminal of who reads them.
  process.stdout.write(`${printable(JSON.stringify({ at: new Date().toISOString(), level, event, ...facts }))}\n`)
}

/**
 * The message of an error and of its causes, for a log. A cause that is no error, such as the claims of a token, is
 * left out.
 */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return typeof error === 'string' ? error : 'unknown error'
  const message = error.message || error.name
  const hasCause = error.cause instanceof Error || typeof error.cause === 'string'
  if (!hasCause) return message
  const cause = errorText(error.cause)
  // Who passes an error on in the words of its cause has said nothing of their own.
  const begin = `${message.replace(/\.$/, '')}: `
  return cause === message || cause.startsWith(begin) ? cause : begin + cause
}
