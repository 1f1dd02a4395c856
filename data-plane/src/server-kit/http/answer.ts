/** What a service answered. */
export interface HttpAnswer {
  readonly status: number
  /** By their names in small letters; several of one name are joined by `, `. */
  readonly headers: Readonly<Record<string, string>>
  readonly bytes: Buffer
  /** A part of the body was left out, as the request wanted. */
  readonly cut: boolean
  readonly totalBytes: number | undefined
  /** It redirects to this origin (RFC 6454), where the gateway does not follow. */
  readonly strayedTo?: string
}

/** Undefined: the body is not JSON. */
export function jsonIn({ bytes }: Pick<HttpAnswer, 'bytes'>): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(bytes.toString('utf8')) as unknown }
  } catch {
    return undefined
  }
}

/** A web page stands where an API should answer: a page to log in, of a proxy, or that something is down. */
export function isWebPage({ bytes, headers }: Pick<HttpAnswer, 'bytes' | 'headers'>): boolean {
  if (/^\s*(text\/html|application\/xhtml)/i.test(headers['content-type'] ?? '')) return true
  return /^\uFEFF?\s*<(!doctype html|html)/i.test(bytes.subarray(0, 500).toString('utf8'))
}

/** The header `Retry-After` (RFC 9110, section 10.2.3) in milliseconds. */
export function retryAfterMs({ headers }: Pick<HttpAnswer, 'headers'>, nowMs = Date.now()): number | undefined {
  const text = headers['retry-after']?.trim()
  if (text === undefined || text === '') return undefined
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000
  const atMs = Date.parse(text)
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - nowMs)
}

const maxExcerptChars = 300

/**
 * A short excerpt of what a service says of a mistake: all texts in the value, on one line, without control
 * characters and quotation marks. It is the service's text: show it in quotation marks, as such. Undefined: there is
 * none.
 */
export function excerptOf(value: unknown): string | undefined {
  const words = textsIn(value, 0)
    .join('; ')
    .replaceAll(/[\p{C}\s]+/gu, ' ')
    .replaceAll('"', "'")
    .trim()
  if (words === '') return undefined
  return words.length > maxExcerptChars ? `${words.slice(0, maxExcerptChars)}…` : words
}

function textsIn(value: unknown, depth: number): string[] {
  if (typeof value === 'string') return [value.slice(0, 2 * maxExcerptChars)]
  if (typeof value !== 'object' || value === null || depth === 4) return []
  const named = !Array.isArray(value) && depth > 0
  return Object.entries(value)
    .slice(0, 20)
    .map(([name, inner]) => [name, textsIn(inner, depth + 1)] as const)
    .filter(([, texts]) => texts.length > 0)
    .map(([name, texts]) => (named ? `${name} ${texts.join(', ')}` : texts.join(', ')))
}
