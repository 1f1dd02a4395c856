import { createHash } from 'node:crypto'

export interface ToolAddress {
  readonly server: string
  readonly tool: string
}

const maxLength = 64
const alphabet = 'abcdefghijklmnopqrstuvwxyz234567'

/**
 * A tool's name on `/mcp`: `{server}_{tool}`. A name over 64 characters is shortened to its first 55, `_`, and
 * 8 base32 characters of its SHA-256.
 */
export function joinedName({ server, tool }: ToolAddress): string {
  const name = `${server}_${tool}`
  if (name.length <= maxLength) return name
  const digest = createHash('sha256').update(name).digest()
  const bits = [...digest.subarray(0, 5)].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  const tail = Array.from({ length: 8 }, (_, at) => alphabet[Number.parseInt(bits.slice(at * 5, at * 5 + 5), 2)]).join('')
  return `${name.slice(0, 55)}_${tail}`
}
