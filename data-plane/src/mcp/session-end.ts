import type { Ports } from '../pipeline/ports.ts'
import { scopeOf } from '../pipeline/relay.ts'
import type { Authenticated, Incoming } from '../pipeline/types.ts'
import { askerOf } from './describe.ts'

/**
 * DELETE: the session is over. Its id stays sealed but opens no more, its stream is closed, what it asked for is stopped, and the
 * sessions that servers held for it are ended. The other planes are told, and do the same.
 */
export const endSession =
  ({ sessions, inflight, upstream }: Pick<Ports, 'sessions' | 'inflight' | 'upstream'>) =>
  (call: Incoming & Authenticated): object => {
    const { session, endpoint, policy } = call
    if (!session) return {}
    sessions.end(session.id)
    inflight.cancelAll(scopeOf(call), new Error('the client ended its session'))
    const behind = endpoint.server === undefined ? policy.servers.keys() : [endpoint.server]
    for (const id of behind) void upstream(id)?.endSession(askerOf(call))
    return {}
  }
