import { covers } from '@bir/sdk/contract/level'
import { factsOf, hideInArgs } from './audit.ts'
import type { Guard } from '../call/pipeline.ts'
import type { Ports } from '../call/ports.ts'
import type { Audited, Authenticated, Incoming, ResolvedServer } from '../call/types.ts'

/**
 * Writes an `attempt` record to disk before a call that may change something. If the process dies in between, the
 * record says that the outcome is unknown.
 */
export function recordAttempt(ports: Pick<Ports, 'journal' | 'secrets'>): Guard<Incoming & Audited & Authenticated & ResolvedServer> {
  return function recordAttempt(call, next) {
    if (!covers(call.needs, 'write')) return next({})
    hideInArgs(ports, call, call.note)
    const { outcome: _, durationUs: __, ...facts } = factsOf(call, call.note, 'answered')
    return ports.journal.record({ ...facts, kind: 'attempt' }, { args: call.note.argsText }, true).then(() => next({}))
  }
}
