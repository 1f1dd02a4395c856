import { GatewayError } from '@bir/sdk/contract/errors'
import { personOf } from '@bir/sdk/contract/policy'
import type { Person } from '@bir/sdk/contract/policy'
import type { Endpoint } from '../http/endpoint.ts'
import type { Awaitable } from '../runtime/awaitable.ts'
import type { PolicySource } from './source.ts'
import { aboutToken } from './tokens/holder.ts'
import { standingOf } from './tokens/token.ts'
import type { Token } from './tokens/token.ts'
import { unauthenticated } from './tokens/unauthenticated.ts'

/** Who sent a request: somebody whose token was good for its endpoint when it began. */
export interface Caller {
  readonly token: Token
  readonly person: Person
  /** The token knows a newer policy than this plane, also after a wait. */
  readonly isBehind: boolean
}

/**
 * Finds the caller from the `Authorization` header. Throws `unauthenticated` or `personDisabled`, and `unavailable`
 * where this plane serves nobody.
 */
export type IdentifyCaller = (authorization: string | undefined, endpoint: Endpoint) => Awaitable<Caller>

type Source = Pick<PolicySource, 'current' | 'isAway' | 'freshAtMs'>

interface Needs {
  verify(bearer: string): Token
  readonly policy: Source & Pick<PolicySource, 'refusal' | 'waitForRevision'>
}

export function callerIdentifier({ verify, policy }: Needs): IdentifyCaller {
  return function identify(authorization, endpoint) {
    const refusal = policy.refusal()
    if (refusal) throw refusal
    const token = verify(bearerOf(authorization))
    const isNewer = () => token.revision > policy.current().revision
    const found = (isBehind: boolean): Caller => ({ token, person: admit(policy, token, endpoint).person, isBehind })
    if (!isNewer()) return found(false)
    return policy.waitForRevision(token.revision).then((isReached) => found(!isReached && isNewer()))
  }
}

/** Somebody whose token is good for the endpoint now. */
export interface Admission {
  readonly person: Person
  /** The token has expired, and is good for reading alone, because no control plane can be reached to renew it. */
  readonly isOffline: boolean
}

/** Throws `unauthenticated` or `personDisabled`. */
export function admit(source: Source, token: Token, endpoint: Endpoint): Admission {
  const standing = standingOf(source, token, endpoint, Date.now())
  if (standing.fault !== undefined) throw aboutToken(unauthenticated(standing.fault, { ...token, resource: endpoint.resource }), token)
  const person = personOf(source.current(), token.subject)
  const refusal = refusalOf(person)
  if (refusal) throw aboutToken(refusal, token)
  return { person: person as Person, isOffline: standing.isOffline }
}

/** Why nothing is done for this person; undefined when there is no reason. */
export function refusalOf(person: Person | undefined): GatewayError | undefined {
  if (!person) return unauthenticated('unknown-person')
  return person.disabled ? new GatewayError('personDisabled', 'the person is disabled', { reason: 'person-disabled' }) : undefined
}

/** RFC 6750 §2.1: the token comes in the Authorization header and nowhere else. */
function bearerOf(authorization: string | undefined): string {
  if (authorization === undefined) throw unauthenticated('token-missing')
  if (!/^bearer /i.test(authorization)) throw unauthenticated('token-malformed')
  return authorization.slice(7).trimStart()
}
