import { GatewayError } from '@bir/sdk/contract/errors'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import type { Ports } from '../call/ports.ts'
import type { Authenticated, Incoming, Rendered } from '../call/types.ts'
import type { OutgoingFilters } from '../filters/outgoing.ts'
import { describeEndpoint } from './describe.ts'
import { withOwnMembers } from '../../protocol/channel/cleared.ts'
import { resultJson } from './render.ts'
import { sealSession } from '../../sessions/session.ts'
import type { Session } from '../../sessions/session.ts'
import { withoutTasks } from '../../protocol/extensions/tasks.ts'
import { isLegacy, LATEST_LEGACY } from '../../protocol/versions.ts'

/**
 * Begins a legacy session. The version is the one that the client asked for, if the gateway speaks it, else the last
 * legacy version. The session id is the sealed session.
 */
export function initialize(
  ports: Pick<Ports, 'sealer' | 'upstream' | 'node' | 'timers' | 'sessions'>,
  outgoing: OutgoingFilters,
): (call: Incoming & Authenticated) => Promise<Rendered> {
  return async function initialize(call) {
    const requestedVersion = call.params['protocolVersion']
    if (typeof requestedVersion !== 'string')
      throw new GatewayError('invalidParams', 'no protocolVersion', { publicMessage: 'initialize needs params.protocolVersion.' })
    if (!ports.sealer.ready) throw new GatewayError('unavailable', 'no sealing key yet', { reason: 'no-sealing-key' })
    const client = { ...call.client, capabilities: withoutTasks(call.client.capabilities) }
    const { capabilities, info } = client
    const session: Session = {
      id: uuidv7(),
      version: isLegacy(requestedVersion) ? requestedVersion : LATEST_LEGACY,
      endpoint: call.endpoint.path,
      home: ports.node,
      capabilities,
      ...(info && { info }),
    }
    const described = await describeEndpoint(ports, outgoing, { ...call, client, session })
    const sealed = sealSession(ports.sealer, call.token.subject.id, session, Date.now())
    ports.sessions.use(session, { person: call.token.subject.id, server: call.endpoint.server }, Date.now())
    return {
      json: resultJson(withOwnMembers(described, { protocolVersion: session.version }), false),
      headers: { 'Mcp-Session-Id': sealed },
    }
  }
}
