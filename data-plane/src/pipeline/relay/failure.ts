import { GatewayError, ToolError } from '@bir/sdk/contract/errors'
import type { Fields } from '../../json/edit.ts'
import { ServedByOtherPlane } from '../../peers/served-by-other-plane.ts'
import { errorAnswer } from '../../protocol/tool-answer.ts'
import { UpstreamFault, UpstreamRpcError } from '../../upstream/upstream.ts'
import type { Audited, Incoming } from '../call/types.ts'
import { toGatewayError } from '../call/to-gateway-error.ts'

/** How a call fails: with an answer for the model (a tool), or with an error. */
type Failure = { readonly answer: Fields } | { readonly error: unknown }

/** Notes in the record what went wrong, and says whether the model or the client hears of it. */
export function failureOf({ note, method }: Pick<Incoming & Audited, 'note' | 'method'>, error: unknown): Failure {
  if (error instanceof ServedByOtherPlane || error instanceof UpstreamRpcError) return { error }
  if (!(error instanceof ToolError) && !(error instanceof UpstreamFault)) return { error: GatewayError.from(error) }
  note.outcome = error.code === 'refused_by_policy' ? 'refused' : 'failed'
  note.reason = error.code
  note.detail = error.message
  if (method === 'tools/call') return { answer: { ...errorAnswer(toToolError(error)), resultType: 'complete' } }
  return { error: toGatewayError(error) }
}

function toToolError(error: ToolError | UpstreamFault): ToolError {
  if (error instanceof ToolError) return error
  const { code, publicMessage, hint, retryable } = error
  return new ToolError(code, publicMessage, hint === undefined ? { retryable } : { hint, retryable })
}
