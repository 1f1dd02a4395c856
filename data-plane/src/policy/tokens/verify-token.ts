import type { Policy } from '@bir/sdk/contract/policy'
import type { KeysChunk } from '@bir/sdk/contract/snapshot'
import { LRUCache } from 'lru-cache'
import { readAccessToken } from './access-token.ts'
import { readVerifyingKeys } from './jws.ts'
import type { VerifyingKeys } from './jws.ts'
import { isPersonalToken, readPersonalToken } from './personal-token.ts'
import type { Token } from './token.ts'
import { unauthenticated } from './unauthenticated.ts'

const maxTokens = 10_000

/** RFC 6750 §2.1: `b64token`. */
const bearerForm = /^[\w~+/.-]+=*$/

/**
 * Verifies tokens by the keys and the personal tokens in the policy, without a request to anybody. Access tokens that
 * were good once are kept: `standingOf` checks expiry and revocation on every call. Nothing is kept of the others, so
 * however many come, they take no memory and push no good one out.
 */
export function tokenVerifier(policy: { current(): Policy }): (bearer: string) => Token {
  const verified = new LRUCache<string, { bearer: string; token: Token }>({ max: maxTokens })
  let keysChunk: KeysChunk | undefined
  let keysText = ''
  let keys: VerifyingKeys = new Map()

  /** Every revision of the policy has a chunk of its own, mostly with the same keys. */
  function follow(chunk: KeysChunk): void {
    keysChunk = chunk
    const text = JSON.stringify(chunk)
    if (text === keysText) return
    keysText = text
    keys = readVerifyingKeys(chunk.tokenKeys)
    verified.clear()
  }

  return function verify(bearer) {
    const current = policy.current()
    if (isPersonalToken(bearer)) return readPersonalToken(bearer, current)
    if (current.keys !== keysChunk) follow(current.keys)
    const cached = verified.get(tailOf(bearer))
    if (cached?.bearer === bearer) return cached.token
    if (!bearerForm.test(bearer)) throw unauthenticated('token-malformed')
    const token = readAccessToken(bearer, keys, current.keys.issuer, Date.now())
    verified.set(tailOf(bearer), { bearer, token })
    return token
  }
}

/** The end of the signature: it differs between tokens, and a short key is looked up faster. */
const tailOf = (bearer: string): string => bearer.slice(-32)
