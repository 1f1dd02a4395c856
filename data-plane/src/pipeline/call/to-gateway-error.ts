import { GatewayError, ToolError } from '@bir/sdk/contract/errors'
import { UpstreamFault } from '../../upstream/upstream.ts'

/**
 * Any failure as one of the gateway's errors. When a server could not be asked, or could not do its work, the error
 * says so.
 */
export function toGatewayError(error: unknown): GatewayError {
  if (error instanceof UpstreamFault)
    return new GatewayError('unavailable', error.message, { publicMessage: error.publicMessage, reason: error.code, cause: error })
  if (error instanceof ToolError && error.retryAfterS !== undefined)
    return new GatewayError('rateLimited', error.message, {
      publicMessage: error.message,
      reason: error.code,
      retryAfterMs: error.retryAfterS * 1000,
      cause: error,
    })
  if (error instanceof ToolError)
    return new GatewayError('unavailable', error.message, { publicMessage: error.message, reason: error.code, cause: error })
  return GatewayError.from(error)
}
