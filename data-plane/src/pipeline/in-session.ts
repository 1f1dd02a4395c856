import { GatewayError } from '@bir/sdk/contract/errors'
import { openSession } from '../mcp/session.ts'
import type { Guard } from './pipeline.ts'
import type { Ports } from './ports.ts'
import type { Authenticated, Incoming } from './types.ts'

/** A legacy request belongs to a session of the same person at the same endpoint, and speaks with what its client declared there. Modern requests and `initialize` have none. */
export function inSession({
  sealer,
  sessions,
}: Pick<Ports, 'sealer' | 'sessions'>): Guard<Incoming & Authenticated, Pick<Incoming, 'client' | 'version' | 'session'>> {
  return function inSession(call, next) {
    if (call.modern || call.method === 'initialize') return next({ client: call.client, version: call.version, session: undefined })
    if (call.sessionId === undefined) throw new GatewayError('sessionRequired', 'a legacy request without a session')
    const session = openSession(sealer, call.token.subject.id, call.sessionId, call.endpoint.path, Date.now())
    if (call.version !== undefined && call.version !== session.version) {
      throw new GatewayError('invalidRequest', 'another version than the session was opened with', {
        say: 'MCP-Protocol-Version is not the version this session was initialized with.',
      })
    }
    const state = sessions.get(session.id)
    if (state?.ended) throw new GatewayError('unknownSession', 'the session was ended')
    const client = { capabilities: session.capabilities, info: session.info, logLevel: state?.logLevel }
    return next({ client, version: session.version, session })
  }
}
