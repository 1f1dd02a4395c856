import { GatewayError } from '@bir/sdk/contract/errors'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import type { Ports } from '../pipeline/ports.ts'
import type { Authenticated, Incoming, Rendered } from '../pipeline/types.ts'
import { initializeResult, resultJson } from './envelope.ts'
import { sealSession } from './session.ts'
import { isLegacy, LATEST_LEGACY } from './versions.ts'

/** A legacy client's beginning: the version it asked for where we speak it, else the last legacy one; a session sealed into its id. */
export function initialize({ sealer }: Pick<Ports, 'sealer'>): (call: Incoming & Authenticated) => Rendered {
  return function initialize(call) {
    const asked = call.params['protocolVersion']
    if (typeof asked !== 'string')
      throw new GatewayError('invalidParams', 'no protocolVersion', { say: 'initialize needs params.protocolVersion.' })
    if (!sealer.ready) throw new GatewayError('unavailable', 'no sealing key yet', { reason: 'no-sealing-key' })
    const version = isLegacy(asked) ? asked : LATEST_LEGACY
    const session = {
      id: uuidv7(),
      version,
      endpoint: call.endpoint.path,
      ...(call.clientName === undefined ? {} : { client: call.clientName }),
    }
    const sealed = sealSession(sealer, call.token.subject.id, session, Date.now())
    return { json: resultJson(initializeResult(version), false), headers: { 'Mcp-Session-Id': sealed } }
  }
}
