import { GatewayError } from '@bir/sdk/contract/errors'
import { personOf } from '@bir/sdk/contract/policy'
import type { Policy } from '@bir/sdk/contract/policy'
import type { Guard } from '../call/pipeline.ts'
import type { Ports } from '../call/ports.ts'
import type { Audited, Authenticated, Incoming } from '../call/types.ts'
import type { Token } from '../../policy/token.ts'
import { tokenFault, unauthenticated } from '../../policy/token.ts'

/** Who calls? Below this guard, a call has a person whose token is good for this endpoint now. */
export function authenticate({ verify, policy }: Pick<Ports, 'verify' | 'policy'>): Guard<Incoming & Audited, Authenticated> {
  return function authenticate(call, next) {
    const verified = verify(bearerOf(call.authorization))
    const admit = (token: Token) => next(admitted(policy.current(), token, call))
    const isBehind = (token: Token) => token.revision > policy.current().revision
    if (!(verified instanceof Promise) && !isBehind(verified)) return admit(verified)
    return Promise.resolve(verified).then(async (token) => {
      if (isBehind(token) && !(await policy.waitForRevision(token.revision))) call.note.behind = true
      return admit(token)
    })
  }
}

function admitted(current: Policy, token: Token, call: Incoming & Audited): Authenticated {
  call.note.revision = current.revision
  refuseUnless(tokenFault(current, token, call.endpoint, Date.now() / 1000))
  const person = personOf(current, token.subject)
  if (!person) throw unauthenticated('unknown-person')
  if (person.disabled) throw new GatewayError('personDisabled', 'the person is disabled', { reason: 'person-disabled' })
  return { token, policy: current, person }
}

function refuseUnless(reason: string | undefined): void {
  if (reason) throw unauthenticated(reason)
}

/** RFC 6750 §2.1: the token comes in the Authorization header and nowhere else. */
function bearerOf(authorization: string | undefined): string {
  if (authorization === undefined) throw unauthenticated('token-missing')
  if (!/^bearer /i.test(authorization)) throw unauthenticated('token-malformed')
  return authorization.slice(7).trimStart()
}
