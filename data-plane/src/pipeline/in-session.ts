import { GatewayError } from '@bir/sdk/contract/errors'
import { openSession } from '../mcp/session.ts'
import type { Guard } from './pipeline.ts'
import type { Ports } from './ports.ts'
import type { Authenticated, Incoming } from './types.ts'

/** A legacy request belongs to a session of the same person at the same endpoint. Modern requests and `initialize` have none. */
export function inSession({ sealer }: Pick<Ports, 'sealer'>): Guard<Incoming & Authenticated, Pick<Incoming, 'clientName' | 'version'>> {
  return function inSession(call, next) {
    if (call.modern || call.method === 'initialize') return next({ clientName: call.clientName, version: call.version })
    if (call.sessionId === undefined) throw new GatewayError('sessionRequired', 'a legacy request without a session')
    const session = openSession(sealer, call.token.subject.id, call.sessionId, call.endpoint.path, Date.now())
    if (call.version !== undefined && call.version !== session.version) {
      throw new GatewayError('invalidRequest', 'another version than the session was opened with', {
        say: 'MCP-Protocol-Version is not the version this session was initialized with.',
      })
    }
    return next({ clientName: session.client, version: session.version })
  }
}
