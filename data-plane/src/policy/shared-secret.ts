import { sharedSecret } from '@bir/sdk/contract/decide-secret'
import { ToolError } from '@bir/sdk/contract/errors'
import type { Policy } from '@bir/sdk/contract/policy'
import type { SecretRef } from '@bir/sdk/contract/secret-ref'
import type { SecretsInUse } from '../secrets/in-use.ts'
import type { SecretLeases } from '../secrets/leases.ts'

interface Parts {
  secrets: SecretsInUse
  leases: Pick<SecretLeases, 'get'>
}

/**
 * A field of the secret that all who use the server share, from the store; where the server has none there, or none of
 * that name, the file of that name. Rejects with `ToolError` `secret_missing`, also where the shared secret is not
 * usable, and with `StoreUnavailable` where the store does not answer: then no file takes its place.
 */
export async function readShared({ secrets, leases }: Parts, policy: Policy, server: string, ref: SecretRef): Promise<string> {
  const standing = sharedSecret(policy, server, Date.now())
  if (!standing) return secrets.of(server).read(ref)
  // The file would be another credential than the one that an administrator gave.
  if (!standing.usable) throw unusable(server, standing.why)
  const fields = await leases.get({ holder: standing.secret.holder, server }, standing.secret.version)
  const value = Object.hasOwn(fields, ref.secret) ? fields[ref.secret] : undefined
  if (value === undefined) return secrets.of(server).read(ref)
  secrets.of(server).inject(fields)
  return value
}

const unusable = (server: string, why: string) =>
  new ToolError('secret_missing', `The secret that all who use ${server} share cannot be used now (${why}).`, {
    hint: 'An administrator must save a new one.',
  })
