import { GatewayError } from '@bir/sdk/contract/errors'
import { personOf } from '@bir/sdk/contract/policy'
import type { Person, Policy } from '@bir/sdk/contract/policy'
import type { Endpoint } from '../http/endpoint.ts'
import type { Awaitable } from '../runtime/awaitable.ts'
import type { PolicySource } from './source.ts'
import { tokenFault } from './token.ts'
import type { Token } from './token.ts'
import { unauthenticated } from './unauthenticated.ts'

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

interface Needs {
  verify(bearer: string): Awaitable<Token>
  readonly policy: Pick<PolicySource, 'current' | 'refusal' | 'waitForRevision'>
}

export function callerIdentifier({ verify, policy }: Needs): IdentifyCaller {
  return function identify(authorization, endpoint) {
    const refusal = policy.refusal()
    if (refusal) throw refusal
    const verified = verify(bearerOf(authorization))
    const isNewer = ({ revision }: Token) => revision > policy.current().revision
    const found = (token: Token, isBehind: boolean): Caller => ({
      token,
      person: admittedPerson(policy.current(), token, endpoint),
      isBehind,
    })
    if (!(verified instanceof Promise) && !isNewer(verified)) return found(verified, false)
    return Promise.resolve(verified).then(async (token) => found(token, isNewer(token) && !(await policy.waitForRevision(token.revision))))
  }
}

/** The person whose token is good for the endpoint now. Throws `unauthenticated` or `personDisabled`. */
export function admittedPerson(current: Policy, token: Token, endpoint: Endpoint): Person {
  const fault = tokenFault(current, token, endpoint, Date.now() / 1000)
  if (fault !== undefined) throw unauthenticated(fault, { ...token, resource: endpoint.resource })
  const person = personOf(current, token.subject)
  const refusal = refusalOf(person)
  if (refusal) throw refusal
  return person as Person
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
