import type { Guard } from '../call/pipeline.ts'
import type { Ports } from '../call/ports.ts'
import type { OpenCall } from '../call/types.ts'
import { decideAgain } from './decide-again.ts'

/**
 * Decides again about a call whose policy was replaced while its secret was read or its attempt was written: nothing
 * goes to a server for somebody who was refused meanwhile. To be put last. Costs any other call a comparison.
 */
export function stillAllowed(ports: Pick<Ports, 'policy' | 'portalUrl'>): Guard<OpenCall> {
  return function stillAllowed(call, next) {
    if (ports.policy.current() !== call.policy) decideAgain(ports, call)
    return next({})
  }
}
