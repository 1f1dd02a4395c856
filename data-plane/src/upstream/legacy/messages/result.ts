import { isObject } from '../../../json/is-object.ts'
import { INVALID_PARAMS, RESOURCE_NOT_FOUND } from '../../../protocol/facts/rpc-codes.ts'
import type { LegacyMessage } from './message.ts'
import type { VerbatimJson } from '../../../json/verbatim.ts'
import { UpstreamFault, UpstreamRpcError } from '../../upstream.ts'
import type { UpstreamResult } from '../../upstream.ts'

/** A legacy result in the modern form. Legacy revisions have no `resultType`: every result is complete. */
export function modernResultOf(value: unknown, source: VerbatimJson | undefined): UpstreamResult {
  if (!isObject(value)) throw new UpstreamFault('upstream_down', 'The server broke the protocol.', { detail: 'a result that is no object' })
  const modern = value['resultType'] === 'complete' ? value : { ...value, resultType: 'complete' }
  return source === undefined ? { value: modern } : { value: modern, source }
}

/** The error of the server itself, with a code of the modern era. */
export const modernErrorOf = ({ code, message, data, source }: Extract<LegacyMessage, { kind: 'error' }>): UpstreamRpcError =>
  new UpstreamRpcError(code === RESOURCE_NOT_FOUND ? INVALID_PARAMS : code, message, data, source)
