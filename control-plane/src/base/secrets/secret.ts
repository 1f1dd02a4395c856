import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto'

/** A random text of 256 bits that is good in a URL. */
export const newSecret = (): string => randomBytes(32).toString('base64url')

/** What is stored of a secret. A secret has 256 random bits, so a plain hash of it cannot be guessed. */
export const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('hex')

/** The challenge of PKCE for a verifier (RFC 7636, section 4.2: S256). */
export const challengeOf = (verifier: string): string => createHash('sha256').update(verifier).digest('base64url')

/** Makes another secret from a secret and what it is for. Nobody learns the one from the other. */
export const deriveSecret = (secret: string, purpose: string): string => createHmac('sha256', secret).update(purpose).digest('base64url')

/** Compares without telling by its time where the two differ. */
export function isSame(one: string, other: string): boolean {
  const [first, second] = [Buffer.from(one), Buffer.from(other)]
  return first.length === second.length && timingSafeEqual(first, second)
}

const nonceBytes = 12
const tagBytes = 16

/** Encrypts a text so that only who has the secret can read it (AES-256-GCM). Layout: nonce, ciphertext, tag. */
export function sealWith(secret: string, text: string): Buffer {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', keyOf(secret), nonce)
  return Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()])
}

/** Throws unless `sealWith` made it with this secret. */
export function openWith(secret: string, sealed: Buffer): string {
  const decipher = createDecipheriv('aes-256-gcm', keyOf(secret), sealed.subarray(0, nonceBytes), { authTagLength: tagBytes })
  decipher.setAuthTag(sealed.subarray(-tagBytes))
  return Buffer.concat([decipher.update(sealed.subarray(nonceBytes, -tagBytes)), decipher.final()]).toString('utf8')
}

const keyOf = (secret: string) => Buffer.from(hkdfSync('sha256', secret, '', 'bir: the answer to a refresh token', 32))
