import { createHash } from 'node:crypto'

const alphabet = 'abcdefghijklmnopqrstuvwxyz234567'

/** 8 characters of base32 (RFC 4648, lower case): the first 40 bits of the text's SHA-256. */
export function nameDigest(text: string): string {
  const digest = createHash('sha256').update(text).digest()
  const bits = [...digest.subarray(0, 5)].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  return Array.from({ length: 8 }, (_, at) => alphabet[Number.parseInt(bits.slice(at * 5, at * 5 + 5), 2)]).join('')
}

/**
 * The names that MCP recommends (2025-11-25, Tools, Tool Names): the policy speaks of tools by such names alone. But
 * `__proto__` names no member of an object, and the policy is kept in objects: it would be lost on the way.
 */
const recommended = /^(?!__proto__$)[A-Za-z0-9_.-]{1,128}$/
const keptLength = 119

/**
 * The name by which the policy, the record and `/mcp` speak of a server's tool: its own, where MCP recommends such
 * names. Any other (`repo/list`) becomes what of it may stand in a name, `_`, and 8 characters that tell it from all
 * others: `repo_list_k3v7abcd`. The same name always becomes the same.
 */
export function policyName(name: string): string {
  if (recommended.test(name)) return name
  return `${name.slice(0, keptLength).replaceAll(/[^A-Za-z0-9_.-]/g, '_')}_${nameDigest(name)}`
}
