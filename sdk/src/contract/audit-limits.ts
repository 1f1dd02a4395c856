import type { AuditHeader } from './audit.ts'

/** The fields of a header that hold free text: those whose type sets no length. */
type FreeText = Exclude<
  { [K in keyof AuditHeader]-?: string extends NonNullable<AuditHeader[K]> ? K : never }[keyof AuditHeader],
  'plane' | 'prev' | 'boot' | 'call' | 'argsDigest' | 'resultDigest'
>

/**
 * The longest text of each field of an audit record's header, in UTF-16 code units. Callers, servers and their clients
 * decide most of these texts. So whoever makes a record cuts them, and a record has a largest size.
 */
export const AUDIT_TEXT_CHARS = {
  subject: 200,
  handle: 100,
  actor: 300,
  client: 500,
  ip: 100,
  userAgent: 300,
  tokenId: 200,
  endpoint: 300,
  era: 64,
  method: 200,
  server: 100,
  tool: 200,
  reason: 200,
  detail: 2000,
  traceId: 100,
  signature: 200,
  sessionId: 200,
} as const satisfies Record<FreeText, number>

/** The text in at most `maxChars` UTF-16 code units. A text that was cut says so, and how long it was. */
export function boundText(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text
  const note = ` … (cut: ${text.length} characters)`
  const kept = text.slice(0, maxChars - note.length)
  // Half of a surrogate pair is no character.
  return (kept.isWellFormed() ? kept : kept.toWellFormed()) + note
}

/** The same for a field that may be absent. */
export const boundField = (field: keyof typeof AUDIT_TEXT_CHARS, text: string | undefined): string | undefined =>
  text === undefined ? undefined : boundText(text, AUDIT_TEXT_CHARS[field])

/** The same for every text of a header that is being made. For the hot path each field is named instead. */
export function boundTexts<T extends Partial<AuditHeader>>(fields: T): T {
  const bounded: Record<string, unknown> = { ...fields }
  for (const [field, maxChars] of Object.entries(AUDIT_TEXT_CHARS)) {
    const text = bounded[field]
    if (typeof text === 'string') bounded[field] = boundText(text, maxChars)
  }
  return bounded as T
}
