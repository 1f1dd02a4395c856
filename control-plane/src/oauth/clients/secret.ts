import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

/** A new secret of 256 bits. Its hash alone is stored. */
export function newSecret(): { secret: string; hash: string } {
  const secret = randomBytes(32).toString('base64url')
  return { secret, hash: hashOf(secret) }
}

/** Fast on purpose: the secrets are random and long, so nobody can try them all. */
const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('hex')

/** Takes the same time however much of the secret is right. */
export function isSecret(secret: string, hash: string | undefined): boolean {
  const [given, stored] = [Buffer.from(hashOf(secret)), Buffer.from(hash ?? '')]
  return given.length === stored.length && timingSafeEqual(given, stored)
}
