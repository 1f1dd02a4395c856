import { GatewayError } from '@bir/sdk/contract/errors'
import { UpstreamFault } from '../../upstream/upstream.ts'

/** Any failure as one of ours: a server that could not be asked is not our mistake, and is said to be its own. */
export function toGatewayError(error: unknown): GatewayError {
  if (!(error instanceof UpstreamFault)) return GatewayError.from(error)
  return new GatewayError('unavailable', error.message, { publicMessage: error.publicMessage, reason: error.code, cause: error })
}
