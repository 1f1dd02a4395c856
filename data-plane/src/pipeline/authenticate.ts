import { GatewayError } from '@bir/sdk/contract/errors'
import { personOf } from '@bir/sdk/contract/policy'
import type { Policy } from '@bir/sdk/contract/policy'
import type { Endpoint } from '../mcp/endpoint.ts'
import type { Guard } from './pipeline.ts'
import type { Ports } from './ports.ts'
import type { Audited, Authenticated, Incoming, Token } from './types.ts'

const skewS = 30

/** Who is it? Below this line a call carries a person whose token is good for this endpoint, now. */
export function authenticate({ verify, policy }: Pick<Ports, 'verify' | 'policy'>): Guard<Incoming & Audited, Authenticated> {
  return function authenticate(call, next) {
    const known = verify(bearerOf(call.authorization))
    const admit = (token: Token) => next(admitted(policy.current(), token, call))
    const behind = (token: Token) => token.revision > policy.current().revision
    if (!(known instanceof Promise) && !behind(known)) return admit(known)
    return Promise.resolve(known).then(async (token) => {
      if (behind(token) && !(await policy.reach(token.revision))) call.note.behind = true
      return admit(token)
    })
  }
}

function admitted(current: Policy, token: Token, call: Incoming & Audited): Authenticated {
  call.note.revision = current.revision
  refuseUnless(stillGood(current, token, call.endpoint, Date.now() / 1000))
  const person = personOf(current, token.subject)
  if (!person) throw unauthenticated('unknown-person')
  if (person.disabled) throw new GatewayError('personDisabled', 'the person is disabled', { reason: 'person-disabled' })
  return { token, policy: current, person }
}

/** Until when a token opens anything, by the clock on the wall. */
export const goodUntilMs = ({ expiresAtS }: Token): number => (expiresAtS + skewS) * 1000

/** Why a token that once verified is not good here and now; undefined when it is. */
export function stillGood({ revoked }: Policy, token: Token, endpoint: Endpoint, nowS: number): string | undefined {
  if (nowS * 1000 > goodUntilMs(token)) return 'token-expired'
  if (!token.audience.some((audience) => reaches(audience, endpoint.resource))) return 'token-wrong-audience'
  if (revoked.tokens.has(token.tokenId)) return 'token-revoked'
  if (token.sessionId !== undefined && revoked.sessions.has(token.sessionId)) return 'session-revoked'
  if (token.issuedAtS < (revoked.epochs.get(token.subject.id) ?? 0)) return 'token-before-epoch'
  return undefined
}

/** A token for `…/mcp` is good for `…/mcp/*`; one for `…/mcp/gitlab` for that alone. */
const reaches = (audience: string, resource: string) =>
  audience === resource || (audience.endsWith('/mcp') && resource.startsWith(`${audience}/`))

function refuseUnless(reason: string | undefined): void {
  if (reason) throw unauthenticated(reason)
}

/** RFC 6750 §2.1: the token comes in the Authorization header and nowhere else. */
function bearerOf(authorization: string | undefined): string {
  if (authorization === undefined) throw unauthenticated('token-missing')
  if (!/^bearer /i.test(authorization)) throw unauthenticated('token-malformed')
  return authorization.slice(7).trimStart()
}

export const unauthenticated = (reason: string, cause?: unknown) => new GatewayError('unauthenticated', reason, { reason, cause })
