const encodedPattern = /^=\?base64\?(.*)\?=$/s
const plainPattern = /^[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?$/
const base64Pattern = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/**
 * Encodes a value for a header: unchanged if it is plain ASCII, else as `=?base64?…?=` (MCP 2026-07-28, Streamable
 * HTTP, value encoding).
 */
export function headerValue(value: string): string {
  return plainPattern.test(value) && !encodedPattern.test(value) ? value : `=?base64?${Buffer.from(value, 'utf8').toString('base64')}?=`
}

/** Whether the header keeps the rules of the value encoding. */
export const isHeaderValue = (header: string): boolean => plainPattern.test(header) && headerText(header) !== undefined

/** Decodes a header. Undefined when the encoding is invalid. */
export function headerText(header: string): string | undefined {
  const inner = encodedPattern.exec(header)?.[1]
  if (inner === undefined) return header
  return base64Pattern.test(inner) ? Buffer.from(inner, 'base64').toString('utf8') : undefined
}
