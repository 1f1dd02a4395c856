import { admit } from '../../../policy/caller.ts'
import type { Guard } from '../../call/pipeline.ts'
import type { Ports } from '../../call/ports.ts'
import type { Audited, Authenticated, Incoming } from '../../call/types.ts'

/**
 * Who calls? The token was verified before the body was read. Below this guard, a call has a person whose token is
 * good for this endpoint now: the policy may have changed while the body arrived.
 */
export function authenticate({ policy, offline }: Pick<Ports, 'policy' | 'offline'>): Guard<Incoming & Audited, Authenticated> {
  return function authenticate(call, next) {
    const { token, isBehind } = call.caller
    const refusal = policy.refusal()
    if (refusal) throw refusal
    const current = policy.current()
    call.note.revision = current.revision
    if (isBehind) call.note.behind = true
    const { person, isOffline } = admit(policy, token, call.endpoint)
    if (isOffline) {
      call.note.offline = true
      offline.calls++
    }
    return next({ token, policy: current, person, isOffline })
  }
}
