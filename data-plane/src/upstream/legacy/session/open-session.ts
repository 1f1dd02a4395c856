import { isObject } from '../../../json/is-object.ts'
import { isLegacy } from '../../../protocol/versions.ts'
import type { LegacyVersion } from '../../../protocol/versions.ts'
import { protocolFault } from '../../faults.ts'
import type { WireAddress } from '../wire/session-wire.ts'

/** A session as the server described it in its answer to `initialize`. */
export interface OpenSession extends WireAddress {
  readonly version: LegacyVersion
  readonly capabilities: Readonly<Record<string, unknown>>
  readonly serverInfo: Readonly<Record<string, unknown>> | undefined
  readonly instructions: string | undefined
  /** The level that the server was last told. */
  logLevel: string | undefined
}

/** Throws `UpstreamFault` for an answer to `initialize` that opens no session. */
export function openSessionOf(result: Record<string, unknown>, sessionId: string | undefined): OpenSession {
  const { protocolVersion, capabilities, serverInfo, instructions } = result
  if (!isLegacy(protocolVersion)) throw protocolFault('initialize was answered with a revision that was never offered')
  if (sessionId !== undefined && !/^[\x21-\x7e]{1,4096}$/.test(sessionId))
    throw protocolFault('a session id of characters that may not be in one')
  return {
    sessionId,
    version: protocolVersion,
    capabilities: isObject(capabilities) ? capabilities : {},
    serverInfo: isObject(serverInfo) ? serverInfo : undefined,
    instructions: typeof instructions === 'string' ? instructions : undefined,
    headers: { 'mcp-protocol-version': protocolVersion, ...(sessionId !== undefined && { 'mcp-session-id': sessionId }) },
    logLevel: undefined,
  }
}
