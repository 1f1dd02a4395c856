import { ownWords } from '../../protocol/channel/cleared.ts'
import type { Cleared } from '../../protocol/channel/cleared.ts'
import { unawaited } from '../../runtime/awaitable.ts'
import type { Ports } from '../call/ports.ts'
import type { Authenticated, Incoming } from '../call/types.ts'
import type { Asker } from '../../upstream/upstream.ts'
import { scopeOf, askerOf } from '../call/scope.ts'

/**
 * DELETE: ends the session. Its id opens nothing any more, its stream is closed, its calls are stopped, and the
 * sessions that servers hold for it are ended. The other planes are told, and do the same.
 */
export const endSession =
  ({ sessions, callsInFlight, upstream }: Pick<Ports, 'sessions' | 'callsInFlight' | 'upstream'>) =>
  (call: Incoming & Authenticated): Cleared<object> => {
    const { session, endpoint, policy } = call
    if (!session) return ownWords({})
    sessions.end(session.id)
    callsInFlight.cancelAll(scopeOf(call), new Error('the client ended its session'))
    endUpstreamSessions({ upstream }, endpoint.server === undefined ? policy.servers.keys() : [endpoint.server], askerOf(call))
    return ownWords({})
  }

/**
 * Ends a session that is idle, or that another plane reports as ended. Calls under way are not stopped: they end by
 * themselves.
 */
export function endSessionById({ sessions, upstream, policy }: Pick<Ports, 'sessions' | 'upstream' | 'policy'>, id: string): void {
  const holder = sessions.end(id)
  if (!holder) return
  const { person, server } = holder
  const asker = { person, session: id, client: { capabilities: {}, info: undefined, logLevel: undefined } }
  endUpstreamSessions({ upstream }, server === undefined ? policy.current().servers.keys() : [server], asker)
}

function endUpstreamSessions({ upstream }: Pick<Ports, 'upstream'>, behind: Iterable<string>, asker: Asker): void {
  for (const id of behind) unawaited(upstream(id)?.endSession(asker))
}
