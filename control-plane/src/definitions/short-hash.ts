import { createHmac, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { Ctx } from '../base/context.ts'

const purpose = 'bir-mcp short hashes of definitions v1'
const alphabet = 'abcdefghijklmnopqrstuvwxyz234567'

/** The short hash of what a server offers as one tool. It holds for this server and this tool alone. */
export const shortHashOf = (
  { shortHash }: Pick<Ctx, 'shortHash'>,
  server: string,
  { name, hash }: { name: string; hash: string },
): string => shortHash(`${server}\n${name}\n${hash}`)

/**
 * Short hashes of 40 bits, as 8 characters of base32 (RFC 4648) in lower case. They are keyed: of a plain hash so
 * short, a server could find a harmless definition and a harmful one that share it. The signature makes the key,
 * because Ed25519 always makes the same one (RFC 8032), at every replica.
 */
export function shortHasher(signingKey: KeyObject): Ctx['shortHash'] {
  const key = sign(null, Buffer.from(purpose), signingKey)
  return (text) => {
    const digest = createHmac('sha256', key).update(text).digest().readUIntBE(0, 5)
    return Array.from({ length: 8 }, (_, index) => alphabet[Math.floor(digest / 32 ** index) % 32]).join('')
  }
}
