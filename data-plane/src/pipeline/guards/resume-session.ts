import { GatewayError } from '@bir/sdk/contract/errors'
import { ServedByOtherPlane } from '../../peers/home-elsewhere.ts'
import { openSession } from '../../sessions/session.ts'
import { endSessionById } from '../session-end/end.ts'
import type { Guard } from '../call/pipeline.ts'
import type { Ports } from '../call/ports.ts'
import type { Authenticated, Incoming } from '../call/types.ts'

/** A legacy request belongs to a session of the same person at the same endpoint, and speaks with what its client declared there. Modern requests and `initialize` have none. */
export function resumeSession(
  ports: Pick<Ports, 'sealer' | 'sessions' | 'node' | 'upstream' | 'policy'>,
): Guard<Incoming & Authenticated, Pick<Incoming, 'client' | 'version' | 'session'>> {
  const { sealer, sessions, node } = ports
  return function inSession(call, next) {
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

/** What a session changes or streams lies at its home; so does its session at a remote server. All else any plane can serve. */
const atHome = new Set(['GET', 'logging/setLevel', 'resources/subscribe', 'resources/unsubscribe'])

/** An end is told to every plane, and an answer goes to the plane that asked. */
const anywhere = new Set(['DELETE', 'response', 'notifications/progress'])

function needsHome({ method, endpoint, policy }: Incoming & Authenticated): boolean {
  if (anywhere.has(method)) return false
  if (atHome.has(method)) return true
  const behind = endpoint.server === undefined ? [...policy.servers.values()] : [policy.servers.get(endpoint.server)]
  return behind.some((server) => server?.kind === 'remote')
}
