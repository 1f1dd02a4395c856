import type { JSONWebKeySet } from 'jose'
import { z } from 'zod'
import { oauthError } from '../../base/errors/oauth-error.ts'

const maxKeys = 20
const text = z.string().max(4_096)

/** What is kept of a public key (RFC 7517): no certificate, and no address to fetch one from. */
const common = { kid: text.optional(), alg: text.optional(), use: text.optional() }
const PublicKey = z.discriminatedUnion('kty', [
  z.object({ kty: z.literal('EC'), crv: text, x: text, y: text, ...common }),
  z.object({ kty: z.literal('OKP'), crv: text, x: text, ...common }),
  z.object({ kty: z.literal('RSA'), n: text, e: text, ...common }),
])
const KeySet = z.object({ keys: z.array(z.unknown()).min(1).max(maxKeys) })

const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

/** Reads the public keys of a client. Throws `invalid_client_metadata`, also for a private key: it is known by now. */
export function readKeys(input: unknown): JSONWebKeySet {
  const set = KeySet.safeParse(input)
  if (!set.success) throw oauthError('invalid_client_metadata', `jwks must be { keys: [ … ] } with 1 to ${maxKeys} keys.`)
  const keys = set.data.keys.map((key, index) => {
    if (typeof key === 'object' && key !== null && privateMembers.some((member) => member in key))
      throw oauthError(
        'invalid_client_metadata',
        `jwks.keys[${index}] holds a private or a shared key: replace it, and send the public one.`,
      )
    const parsed = PublicKey.safeParse(key)
    if (!parsed.success) throw oauthError('invalid_client_metadata', `jwks.keys[${index}] must be a public key of type EC, OKP or RSA.`)
    return JSON.parse(JSON.stringify(parsed.data)) as JSONWebKeySet['keys'][number]
  })
  return { keys }
}
