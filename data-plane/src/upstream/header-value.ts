const sentinel = /^=\?base64\?.*\?=$/s

/** A value as a header may carry it (MCP 2026-07-28, Streamable HTTP, value encoding): as it is, or as `=?base64?…?=`. */
export function headerValue(value: string): string {
  const plain = /^[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?$/.test(value) && !sentinel.test(value)
  return plain ? value : `=?base64?${Buffer.from(value, 'utf8').toString('base64')}?=`
}
