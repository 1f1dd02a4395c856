import { isObject } from '../../../json/is-object.ts'
import type { LegacyMessage } from './message.ts'
import type { Spelling } from '../../../json/verbatim.ts'
import { UpstreamFault, UpstreamRpcError } from '../../upstream.ts'
import type { UpstreamResult } from '../../upstream.ts'

const RESOURCE_NOT_FOUND = -32002
export const INVALID_PARAMS = -32602
export const METHOD_NOT_FOUND = -32601

/** A legacy result in the modern form. The era knows no `resultType`: whatever a server calls its result, it is complete. */
export function completed(value: unknown, written: Spelling | undefined): UpstreamResult {
  if (!isObject(value)) throw new UpstreamFault('upstream_down', 'The server broke the protocol.', { detail: 'a result that is no object' })
  const modern = value['resultType'] === 'complete' ? value : { ...value, resultType: 'complete' }
  return written === undefined ? { value: modern } : { value: modern, written }
}

/** The server's own error, in the codes of the modern era. */
export const relayed = ({ code, message, data, written }: Extract<LegacyMessage, { kind: 'error' }>): UpstreamRpcError =>
  new UpstreamRpcError(code === RESOURCE_NOT_FOUND ? INVALID_PARAMS : code, message, data, written)
