import { GatewayError, ToolError } from '@bir/sdk/contract/errors'
import { UpstreamRpcError } from '../../upstream/upstream.ts'
import type { Authenticated, Incoming, ResolvedServer } from '../call/types.ts'
import { ClearedRpcError } from './outgoing.ts'
import type { OutgoingContext, OutgoingFilters } from './outgoing.ts'

type Call = Incoming & Partial<Authenticated & ResolvedServer>

/**
 * An error of a call as it may leave: a server's own error, and the words of a mounted server that could not do its
 * work, pass the filters. Other errors are the gateway's own. An error of a server that nobody can name is a fault of
 * the gateway, and says nothing.
 */
export const clearError =
  (outgoing: OutgoingFilters) =>
  (error: unknown, call: Call): unknown => {
    if (error instanceof ClearedRpcError) return error
    const isServers = error instanceof UpstreamRpcError
    const isTools = error instanceof GatewayError && error.cause instanceof ToolError
    if (!isServers && !isTools) return error
    const context = contextOf(call)
    if (!context) return new GatewayError('internal', 'an error of a server that is not known', { cause: error })
    return isServers ? outgoing.error(error, call.method, context) : clearToolWords(outgoing, error, call.method, context)
  }

function contextOf({ policy, person, token, endpoint, serverId }: Call): OutgoingContext | undefined {
  const server = serverId ?? endpoint.server
  return policy && person && token && server !== undefined ? { policy, person, token, endpoint, server } : undefined
}

async function clearToolWords(outgoing: OutgoingFilters, error: GatewayError, method: string, context: OutgoingContext) {
  const { code, message, data, reason, cause, publicMessage = '' } = error
  const cleared = await outgoing.error(new UpstreamRpcError(0, publicMessage), method, context)
  return new GatewayError(code, message, { publicMessage: cleared.message, data, reason, cause })
}
