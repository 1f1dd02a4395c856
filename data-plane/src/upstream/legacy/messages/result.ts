import { isObject } from '../../../json/is-object.ts'
import type { LegacyMessage } from './message.ts'
import type { VerbatimJson } from '../../../json/verbatim.ts'
import { UpstreamFault, UpstreamRpcError } from '../../upstream.ts'
import type { UpstreamResult } from '../../upstream.ts'

const resourceNotFound = -32002
export const INVALID_PARAMS = -32602
export const METHOD_NOT_FOUND = -32601

/** A legacy result in the modern form. The era knows no `resultType`: whatever a server calls its result, it is complete. */
export function completed(value: unknown, source: VerbatimJson | undefined): UpstreamResult {
  if (!isObject(value)) throw new UpstreamFault('upstream_down', 'The server broke the protocol.', { detail: 'a result that is no object' })
  const modern = value['resultType'] === 'complete' ? value : { ...value, resultType: 'complete' }
  return source === undefined ? { value: modern } : { value: modern, source }
}

/** The server's own error, in the codes of the modern era. */
export const relayed = ({ code, message, data, source }: Extract<LegacyMessage, { kind: 'error' }>): UpstreamRpcError =>
  new UpstreamRpcError(code === resourceNotFound ? INVALID_PARAMS : code, message, data, source)
