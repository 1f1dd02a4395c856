import { isObject } from '../../json/is-object.ts'
import { isLegacy, isModern } from '../../protocol/versions.ts'
import type { LegacyVersion } from '../../protocol/versions.ts'
import { HEADER_MISMATCH, MISSING_CAPABILITY, UNSUPPORTED_VERSION } from '../../protocol/facts/rpc-codes.ts'
import { protocolFault } from '../faults.ts'
import { statusFault } from '../status-fault.ts'

export type Era = 'modern' | 'legacy' | 'sse'

/** Only modern servers send these error codes. */
const modernCodes = new Set<unknown>([HEADER_MISMATCH, MISSING_CAPABILITY, UNSUPPORTED_VERSION])
/** A legacy server may answer `server/discover` with one of these. */
const legacyStatuses = new Set([400, 404, 405])

/**
 * The era that the answer to `server/discover` proves. Throws `UpstreamFault` when it proves none: then the server may
 * be down, refuse our credential, or be a legacy one that does not know the method.
 */
export function verdictOf(status: number, message: unknown): Era {
  const fault = statusFault(status, `status ${status}`)
  if (fault) throw fault
  if (status >= 300 && status < 400)
    throw protocolFault(`a redirect (status ${status}), which is not followed: register the address it leads to`)
  const { result, error } = isObject(message) ? message : {}
  if (isObject(error)) return eraOfError(status, error)
  // Some legacy servers answer any method with a result. Only a modern server lists its revisions.
  if (status < 300 && isObject(result))
    return Array.isArray(result['supportedVersions']) ? eraOfVersions(result['supportedVersions']) : 'legacy'
  if (legacyStatuses.has(status)) return 'legacy'
  throw protocolFault(`no answer to server/discover (status ${status}): this may be no MCP server`)
}

function eraOfError(status: number, { code, data }: Record<string, unknown>): Era {
  if (modernCodes.has(code)) return isObject(data) && Array.isArray(data['supported']) ? eraOfVersions(data['supported']) : 'modern'
  if (status < 300 || legacyStatuses.has(status)) return 'legacy'
  throw protocolFault(`an error in answer to server/discover, status ${status}`)
}

/** A server may know `server/discover` and yet speak only legacy revisions. */
function eraOfVersions(versions: readonly unknown[]): Era {
  if (versions.some(isModern)) return 'modern'
  if (versions.some(isLegacy)) return 'legacy'
  throw protocolFault('none of its protocol revisions is spoken here')
}

/** The revision to which the answer to `initialize` agrees. Throws `UpstreamFault` when it is no such answer. */
export function legacyVersionOf(status: number, message: unknown): LegacyVersion {
  const fault = statusFault(status, `status ${status}`)
  if (fault) throw fault
  const { result } = isObject(message) ? message : {}
  const version = isObject(result) ? result['protocolVersion'] : undefined
  if (status < 300 && isLegacy(version)) return version
  throw protocolFault(`no session in answer to initialize (status ${status})`)
}
