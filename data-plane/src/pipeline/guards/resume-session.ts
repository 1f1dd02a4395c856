import { GatewayError } from '@bir/sdk/contract/errors'
import { ServedByOtherPlane } from '../../peers/served-by-other-plane.ts'
import { openSession } from '../../sessions/session.ts'
import { endSessionById } from '../session-end/end.ts'
import type { Guard } from '../call/pipeline.ts'
import type { Ports } from '../call/ports.ts'
import type { Authenticated, Incoming } from '../call/types.ts'

/**
 * Opens the session of a legacy request. The session must belong to the same person and endpoint; the call then has
 * what its client declared there. Modern requests and `initialize` have no session.
 */
export function resumeSession(
  ports: Pick<Ports, 'sealer' | 'sessions' | 'node' | 'upstream' | 'policy'>,
): Guard<Incoming & Authenticated, Pick<Incoming, 'client' | 'version' | 'session'>> {
  const { sealer, sessions, node } = ports
  return function resumeSession(call, next) {
    if (call.modern || call.method === 'initialize') return next({ client: call.client, version: call.version, session: undefined })
    if (call.sessionId === undefined) throw new GatewayError('sessionRequired', 'a legacy request without a session')
    const nowMs = Date.now()
    const session = openSession(sealer, call.token.subject.id, call.sessionId, call.endpoint.path, nowMs)
    if (call.version !== undefined && call.version !== session.version) {
      throw new GatewayError('invalidRequest', 'another version than the session was opened with', {
        publicMessage: 'MCP-Protocol-Version is not the version this session was initialized with.',
      })
    }
    if (sessions.isEnded(session.id)) throw new GatewayError('unknownSession', 'the session was ended')
    if (session.home !== node && needsHome(call)) throw new ServedByOtherPlane(session.home)
    if (session.home === node && sessions.isIdle(session.id, call.policy.settings.sessionIdleMs, nowMs)) {
      endSessionById(ports, session.id)
      throw new GatewayError('unknownSession', 'the session was not used for too long')
    }
    sessions.use(session, { person: call.token.subject.id, server: call.endpoint.server }, nowMs)
    const state = sessions.get(session.id)
    const client = { capabilities: session.capabilities, info: session.info, logLevel: state?.logLevel }
    return next({ client, version: session.version, session })
  }
}

/**
 * Methods that change or stream what only the home plane of the session keeps. The session's own session at a remote
 * server lies there too. Any plane serves the rest.
 */
const atHome = new Set(['GET', 'logging/setLevel', 'resources/subscribe', 'resources/unsubscribe'])

/** Methods for any plane: the end of a session is told to all planes, and an answer goes to the plane that asked. */
const anywhere = new Set(['DELETE', 'response', 'notifications/progress'])

function needsHome({ method, endpoint, policy }: Incoming & Authenticated): boolean {
  if (anywhere.has(method)) return false
  if (atHome.has(method)) return true
  const servers = endpoint.server === undefined ? [...policy.servers.values()] : [policy.servers.get(endpoint.server)]
  return servers.some((server) => server?.kind === 'remote')
}
