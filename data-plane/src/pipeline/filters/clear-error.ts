import { GatewayError, ToolError } from '@bir/sdk/contract/errors'
import { UpstreamFault, UpstreamRpcError } from '../../upstream/upstream.ts'
import { toGatewayError } from '../call/to-gateway-error.ts'
import type { Authenticated, Incoming, ResolvedServer } from '../call/types.ts'
import { isClearedRpcError } from './outgoing.ts'
import type { OutgoingContext, OutgoingFilters } from './outgoing.ts'

type Call = Incoming & Partial<Authenticated & ResolvedServer>

/**
 * An error of a call as it may leave: a server's own error, and the words of a mounted server that could not do its
 * work, pass the filters. Other errors are the gateway's own. An error of a server that nobody can name is a fault of
 * the gateway, and says nothing.
 */
export const clearError =
  (outgoing: OutgoingFilters) =>
  (thrown: unknown, call: Call): unknown => {
    if (isClearedRpcError(thrown)) return thrown
    const error = thrown instanceof UpstreamFault || thrown instanceof ToolError ? toGatewayError(thrown) : thrown
    const isServerError = error instanceof UpstreamRpcError
    if (!isServerError && !quotesServer(error)) return error
    const context = contextOf(call)
    if (!context) return new GatewayError('internal', 'an error of a server that is not known', { cause: error })
    return isServerError ? outgoing.error(error, call.method, context) : clearPublicMessage(outgoing, error, call.method, context)
  }

/** Its public message may hold words of the server: those of a mounted server that could not do its work. */
const quotesServer = (error: unknown): error is GatewayError =>
  error instanceof GatewayError && (error.cause instanceof ToolError || error.cause instanceof UpstreamFault)

function contextOf({ policy, person, token, endpoint, serverId }: Call): OutgoingContext | undefined {
  const server = serverId ?? endpoint.server
  return policy && person && token && server !== undefined ? { policy, person, token, endpoint, server } : undefined
}

async function clearPublicMessage(outgoing: OutgoingFilters, error: GatewayError, method: string, context: OutgoingContext) {
  const { code, message, data, reason, cause, publicMessage = '' } = error
  const cleared = await outgoing.error(new UpstreamRpcError(0, publicMessage), method, context)
  return new GatewayError(code, message, { publicMessage: cleared.message, data, reason, cause })
}
