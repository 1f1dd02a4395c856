import { ERRORS, GatewayError } from '@bir/sdk/contract/errors'
import { VerbatimJson } from '../json/verbatim.ts'
import { isObject } from '../json/is-object.ts'
import { membersOf } from '../json/scan.ts'
import { idJson, requestIdOf } from './request-id.ts'
import type { RequestId } from './request-id.ts'
import { envelopeFault, requestFault, responseFault } from './names/name-fault.ts'
import type { NameFault } from './names/name-fault.ts'

/** A JSON-RPC 2.0 request, or a notification (no id). Its parameters are not checked yet. */
export interface Message {
  readonly id: RequestId | undefined
  readonly method: string
  readonly params: Readonly<Record<string, unknown>>
  /** The parameters as the client wrote them, if there are any. For a client's response: the whole message. */
  readonly source: VerbatimJson | undefined
  /** Set where a name could be read as another one: the message is then refused. */
  readonly nameFault?: NameFault | undefined
}

/**
 * Throws `invalidRequest` for everything but a request or notification, so also for a client's response, which has no
 * method.
 */
export function readMessage(body: unknown, text: string): Message {
  if (!isObject(body) || body['jsonrpc'] !== '2.0') throw new GatewayError('invalidRequest', 'no JSON-RPC 2.0 object')
  const fault = envelopeFault(body)
  if (fault) throw new GatewayError(fault.code, fault.message, { publicMessage: fault.message, reason: 'look-alike-name' })
  const { id, method, params = {} } = body
  if (typeof method !== 'string' || method === '' || method.length > 256) throw new GatewayError('invalidRequest', 'no method')
  const requestId = id === undefined ? undefined : idIn(body, text)
  if (requestId === null) throw new GatewayError('invalidRequest', 'the id is neither text nor a whole number', { publicMessage: wrongId })
  if (!isObject(params)) throw new GatewayError('invalidRequest', 'params is no object')
  const source = body['params'] !== undefined ? new VerbatimJson(params, text, 'params') : undefined
  return { id: requestId, method, params, source, nameFault: requestFault(method, params) }
}

const wrongId = 'The id of a request must be text or a whole number, of at most 1,024 characters.'

/**
 * A client's response to a request of a server, as a message without an id. Undefined when the body is not a
 * response.
 */
export function readResponse(body: unknown, text: string): Message | undefined {
  if (!isObject(body) || body['jsonrpc'] !== '2.0' || 'method' in body || idIn(body, text) === null) return undefined
  if (!('result' in body) && !('error' in body)) return undefined
  const { id, result, error } = body
  const source = new VerbatimJson(body, text)
  return { id: undefined, method: 'response', params: { id, result, error }, source, nameFault: responseFault(body) }
}

/** The id of the request in a body, which was parsed from `text`; null where the body has none. */
export function idIn(body: unknown, text: string): RequestId | null {
  return (isObject(body) ? requestIdOf(body['id'], () => memberText(text, 'id')) : undefined) ?? null
}

function memberText(text: string, key: string): string | undefined {
  const span = membersOf(text).spans.get(key)
  return span && text.slice(span.start, span.end)
}

/** `result` is JSON. The pipeline renders it once, where it makes the audit record. */
export const resultBody = (id: RequestId, result: string): string => `${resultHead(id)}${result}}`

/** The JSON before a result. After the result, one closing brace ends the message. */
export const resultHead = (id: RequestId): string => `{"jsonrpc":"2.0","id":${idJson(id)},"result":`

export function errorBody(id: RequestId | null, error: GatewayError): string {
  const { rpc, publicMessage } = ERRORS[error.code]
  const json = JSON.stringify({ code: rpc, message: error.publicMessage ?? publicMessage, data: error.data })
  return `{"jsonrpc":"2.0","id":${idJson(id)},"error":${json}}`
}
