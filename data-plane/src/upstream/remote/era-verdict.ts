import { isObject } from '../../json/is-object.ts'
import { isLegacy, isModern } from '../../protocol/versions.ts'
import { protocolFault, credentialFault, unreachableFault, rateLimitFault } from '../faults.ts'

export type Era = 'modern' | 'legacy'

/** HeaderMismatch, MissingRequiredClientCapability, UnsupportedProtocolVersion: only modern servers know them. */
const modernCodes = new Set<unknown>([-32_020, -32_021, -32_022])
/** How a server that never heard of `server/discover` may refuse it. */
const legacyStatuses = new Set([400, 404, 405])

/** What the answer to `server/discover` says of a server's era. Throws `UpstreamFault` where it says nothing: a server that is down or does not let us in may be of either. */
export function verdictOf(status: number, message: unknown): Era {
  if (status === 401 || status === 403) throw credentialFault(status)
  if (status === 429) throw rateLimitFault(undefined)
  if (status >= 500) throw unreachableFault(`status ${status}`)
  if (status >= 300 && status < 400)
    throw protocolFault(`a redirect (status ${status}), which is not followed: register the address it leads to`)
  const { result, error } = isObject(message) ? message : {}
  if (isObject(error)) return ofError(status, error)
  // Some servers of before answer whatever they are asked: only a modern one lists its revisions.
  if (status < 300 && isObject(result))
    return Array.isArray(result['supportedVersions']) ? ofVersions(result['supportedVersions']) : 'legacy'
  if (legacyStatuses.has(status)) return 'legacy'
  throw protocolFault(`no answer to server/discover (status ${status}): this may be no MCP server`)
}

function ofError(status: number, { code, data }: Record<string, unknown>): Era {
  if (modernCodes.has(code)) return isObject(data) && Array.isArray(data['supported']) ? ofVersions(data['supported']) : 'modern'
  if (status < 300 || legacyStatuses.has(status)) return 'legacy'
  throw protocolFault(`an error in answer to server/discover, status ${status}`)
}

/** A server may know the question and yet only older revisions. */
function ofVersions(versions: readonly unknown[]): Era {
  if (versions.some(isModern)) return 'modern'
  if (versions.some(isLegacy)) return 'legacy'
  throw protocolFault('none of its protocol revisions is spoken here')
}
