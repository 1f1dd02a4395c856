/** The id of a request. A whole number that a JavaScript number cannot hold is a bigint, which keeps all its digits. */
export type RequestId = string | number | bigint

const maxChars = 1024

/**
 * The id that was read as `value`, where `json` gives the text that its sender wrote. Undefined for what is no id: MCP
 * allows text and whole numbers, JSON-RPC 2.0 advises against fractions (section 4).
 */
export function requestIdOf(value: unknown, json: () => string | undefined): RequestId | undefined {
  if (typeof value === 'string') return value.length <= maxChars ? value : undefined
  if (typeof value !== 'number') return undefined
  if (Number.isSafeInteger(value)) return value
  const text = json() ?? ''
  if (text.length > maxChars) return undefined
  if (/^-?\d+$/.test(text)) return BigInt(text)
  return Number.isInteger(value) ? BigInt(value) : undefined
}

/** The JSON of an id. */
export const idJson = (id: RequestId | null): string => (typeof id === 'bigint' ? String(id) : JSON.stringify(id))

/** An id as a member of an object that `JSON.stringify` writes. */
export const idMember = (id: RequestId): unknown => (typeof id === 'bigint' ? rawJson(String(id)) : id)

/** `JSON.rawJSON` of V8, which the types of TypeScript lack: `JSON.stringify` writes its text as it is. */
const { rawJSON: rawJson } = JSON as typeof JSON & { rawJSON(text: string): object }
