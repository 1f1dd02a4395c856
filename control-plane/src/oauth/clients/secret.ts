import { hashOf, isSame, newSecret } from '../../base/secrets/secret.ts'

/** A new secret of a client. Its hash alone is stored. */
export function newClientSecret(): { secret: string; hash: string } {
  const secret = newSecret()
  return { secret, hash: hashOf(secret) }
}

/** Takes the same time however much of the secret is right. */
export const isSecret = (secret: string, hash: string | undefined): boolean => isSame(hashOf(secret), hash ?? '')
