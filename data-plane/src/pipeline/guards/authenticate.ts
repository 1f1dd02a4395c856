import { admittedPerson } from '../../policy/caller.ts'
import type { Guard } from '../call/pipeline.ts'
import type { Ports } from '../call/ports.ts'
import type { Audited, Authenticated, Incoming } from '../call/types.ts'

/**
 * Who calls? The token was verified before the body was read. Below this guard, a call has a person whose token is
 * good for this endpoint now: the policy may have changed while the body arrived.
 */
export function authenticate({ policy }: Pick<Ports, 'policy'>): Guard<Incoming & Audited, Authenticated> {
  return function authenticate(call, next) {
    const { token, isBehind } = call.caller
    const refusal = policy.refusal()
    if (refusal) throw refusal
    const current = policy.current()
    call.note.revision = current.revision
    if (isBehind) call.note.behind = true
    return next({ token, policy: current, person: admittedPerson(current, token, call.endpoint) })
  }
}
