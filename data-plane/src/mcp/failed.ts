import { faultOf } from '../pipeline/fault.ts'
import type { Incoming } from '../pipeline/types.ts'
import { UpstreamRpcError } from '../upstream/upstream.ts'
import type { Endpoint } from './endpoint.ts'
import { errorBody } from './json-rpc.ts'
import type { RequestId } from './json-rpc.ts'
import { errorHeaders, statusOf } from './respond.ts'
import type { Headers } from './respond.ts'

interface Failed {
  status: number
  body: string
  headers: Headers
}

/** How a failure looks to the client of its era: ours by our codes, a server's own as it said it. */
export function failed(error: unknown, id: RequestId | null, call: Pick<Incoming, 'modern' | 'method'>, endpoint: Endpoint): Failed {
  if (error instanceof UpstreamRpcError) return relayed(error, id, call)
  const fault = faultOf(error)
  return { status: statusOf(fault, call.modern), body: errorBody(id, fault), headers: errorHeaders(fault, endpoint) }
}

function relayed({ code, message, data }: UpstreamRpcError, id: RequestId | null, call: Pick<Incoming, 'modern' | 'method'>): Failed {
  const error = { code: eraCode(code, call), message, data }
  return { status: call.modern ? modernStatus(code) : 200, body: JSON.stringify({ jsonrpc: '2.0', id, error }), headers: {} }
}

/** Up to 2025-11-25 a resource that is not there has a code of its own, and a missing capability has none. */
function eraCode(code: number, { modern, method }: Pick<Incoming, 'modern' | 'method'>): number {
  if (modern) return code
  if (code === -32021) return -32602
  return method === 'resources/read' && code === -32602 ? -32002 : code
}

/** MCP 2026-07-28: an unknown method is told by the status, a missing capability too; what a handler says stays in-band. */
function modernStatus(code: number): number {
  if (code === -32601) return 404
  return code === -32021 ? 400 : 200
}
