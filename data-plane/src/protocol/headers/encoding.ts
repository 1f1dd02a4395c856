const sentinel = /^=\?base64\?(.*)\?=$/s
const plain = /^[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?$/
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** A value as a header may carry it (MCP 2026-07-28, Streamable HTTP, value encoding): as it is, or as `=?base64?…?=`. */
export function headerValue(value: string): string {
  return plain.test(value) && !sentinel.test(value) ? value : `=?base64?${Buffer.from(value, 'utf8').toString('base64')}?=`
}

/** Whether it was made by these rules. */
export const isHeaderValue = (header: string): boolean => plain.test(header) && headerText(header) !== undefined

/** What a header says; undefined where it is badly made. */
export function headerText(header: string): string | undefined {
  const inner = sentinel.exec(header)?.[1]
  if (inner === undefined) return header
  return base64.test(inner) ? Buffer.from(inner, 'base64').toString('utf8') : undefined
}
