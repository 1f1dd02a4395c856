import { GatewayError, ToolError } from '@bir/sdk/contract/errors'
import { toGatewayError } from '../pipeline/call/to-gateway-error.ts'
import type { Incoming } from '../pipeline/call/types.ts'
import {
  INTERNAL_ERROR,
  INVALID_PARAMS,
  METHOD_NOT_FOUND,
  MISSING_CAPABILITY,
  RESOURCE_NOT_FOUND,
  URL_ELICITATION_REQUIRED,
} from '../protocol/facts/rpc-codes.ts'
import { missingCapabilities } from '../protocol/input-capability.ts'
import { isClearedRpcError } from '../pipeline/filters/outgoing.ts'
import type { ClearedRpcError } from '../pipeline/filters/outgoing.ts'
import { UpstreamRpcError } from '../upstream/upstream.ts'
import type { Endpoint } from '../http/endpoint.ts'
import { errorBody, resultBody } from '../protocol/json-rpc.ts'
import { errorAnswer } from '../protocol/tool-answer.ts'
import { ownWords } from '../protocol/channel/cleared.ts'
import { resultJson } from '../pipeline/methods/render.ts'
import { idJson } from '../protocol/request-id.ts'
import type { RequestId } from '../protocol/request-id.ts'
import { errorHeaders, statusOf } from '../http/respond.ts'
import type { Headers } from '../http/respond.ts'

interface ErrorResponse {
  status: number
  body: string
  headers: Headers
}

type Call = Pick<Incoming, 'modern' | 'method' | 'client'>

/**
 * Renders an error for a client of its era: the gateway's errors by their codes, a server's own as the server wrote
 * it. That a tool lacks its secret is an answer of the tool, which the model reads.
 */
export function renderError(error: unknown, id: RequestId | null, call: Call, endpoint: Endpoint): ErrorResponse {
  if (isClearedRpcError(error)) return relayed(error, id, call)
  // A server's error that no filter saw is a fault of the gateway, and says nothing.
  const fault =
    error instanceof UpstreamRpcError ? new GatewayError('internal', 'an error of a server that was not cleared') : toGatewayError(error)
  if (fault.code === 'secretNeeded' && fault.cause instanceof ToolError && call.method === 'tools/call' && id !== null)
    return { status: 200, body: resultBody(id, resultJson(ownWords(errorAnswer(fault.cause)), call.modern)), headers: {} }
  return { status: statusOf(fault, call.modern), body: errorBody(id, fault), headers: errorHeaders(fault, endpoint) }
}

function relayed(cleared: ClearedRpcError, id: RequestId | null, call: Call): ErrorResponse {
  const { code, message, data } = call.modern ? inModern(cleared, call) : cleared
  const error = { code: eraCode(code, call), message, data }
  const json = cleared.source?.toJson(error) ?? JSON.stringify(error)
  const body = `{"jsonrpc":"2.0","id":${idJson(id)},"error":${json}}`
  return { status: call.modern ? modernStatus(code) : 200, body, headers: {} }
}

/**
 * The error "URL elicitation required" became a question in 2026-07-28, and its code is gone. It still arrives here
 * when the client did not declare that it can be asked (then it lacks a capability), or when it could not be made a
 * question (then the server has failed).
 */
function inModern(error: UpstreamRpcError, { client }: Call): Pick<UpstreamRpcError, 'code' | 'message' | 'data'> {
  if (error.code !== URL_ELICITATION_REQUIRED) return error
  const requiredCapabilities = missingCapabilities(client.capabilities, [{ method: 'elicitation/create', params: { mode: 'url' } }])
  if (!requiredCapabilities) return { code: INTERNAL_ERROR, message: error.message, data: error.data }
  return { code: MISSING_CAPABILITY, message: error.message, data: { requiredCapabilities } }
}

/** Up to 2025-11-25 a missing resource has a code of its own, and a missing capability has none. */
function eraCode(code: number, { modern, method }: Pick<Incoming, 'modern' | 'method'>): number {
  if (modern) return code
  if (code === MISSING_CAPABILITY) return INVALID_PARAMS
  return method === 'resources/read' && code === INVALID_PARAMS ? RESOURCE_NOT_FOUND : code
}

/**
 * MCP 2026-07-28: an unknown method and a missing capability are told by the HTTP status too; other errors of a server
 * come with 200.
 */
function modernStatus(code: number): number {
  if (code === METHOD_NOT_FOUND) return 404
  return code === MISSING_CAPABILITY ? 400 : 200
}
