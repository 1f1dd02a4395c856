import { ERRORS, GatewayError } from '@bir/sdk/contract/errors'
import { VerbatimJson } from '../json/verbatim.ts'
import { isObject } from '../json/is-object.ts'

export type RequestId = string | number

/** A JSON-RPC 2.0 request or notification (no id), its parameters not yet looked into. */
export interface Message {
  readonly id: RequestId | undefined
  readonly method: string
  readonly params: Readonly<Record<string, unknown>>
  /** The parameters as they were written, where there are any; of a client's answer, the whole message. */
  readonly source: VerbatimJson | undefined
}

/** Throws `invalidRequest` for anything that is no request or notification. A client's response (no method) has no place here either. */
export function readMessage(body: unknown, text: string): Message {
  if (!isObject(body) || body['jsonrpc'] !== '2.0') throw new GatewayError('invalidRequest', 'no JSON-RPC 2.0 object')
  const { id, method, params = {} } = body
  if (typeof method !== 'string' || method === '' || method.length > 256) throw new GatewayError('invalidRequest', 'no method')
  if (id !== undefined && !isRequestId(id)) throw new GatewayError('invalidRequest', 'the id is neither text nor an integer')
  if (!isObject(params)) throw new GatewayError('invalidRequest', 'params is no object')
  const source = body['params'] !== undefined ? new VerbatimJson(params, text, 'params') : undefined
  return { id, method, params, source }
}

/** A client's answer to a server's request, as a message without an id: undefined when the body is no response. */
export function readResponse(body: unknown, text: string): Message | undefined {
  if (!isObject(body) || body['jsonrpc'] !== '2.0' || 'method' in body || !isRequestId(body['id'])) return undefined
  if (!('result' in body) && !('error' in body)) return undefined
  const { id, result, error } = body
  return { id: undefined, method: 'response', params: { id, result, error }, source: new VerbatimJson(body, text) }
}

const isRequestId = (id: unknown): id is RequestId => (typeof id === 'string' && id.length <= 1024) || Number.isSafeInteger(id)

/** The id to answer a faulty body with, where one can be told. */
export const idIn = (body: unknown): RequestId | null => (isObject(body) && isRequestId(body['id']) ? body['id'] : null)

/** `result` is JSON already: it is rendered once, inside the pipeline, where the record is made. */
export const resultBody = (id: RequestId, result: string): string => `${resultHead(id)}${result}}`

/** What stands before a result; after it stands a brace. */
export const resultHead = (id: RequestId): string => `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":`

export function errorBody(id: RequestId | null, error: GatewayError): string {
  const { rpc, publicMessage } = ERRORS[error.code]
  return JSON.stringify({ jsonrpc: '2.0', id, error: { code: rpc, message: error.publicMessage ?? publicMessage, data: error.data } })
}
