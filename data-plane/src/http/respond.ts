import type { ServerResponse } from 'node:http'
import { ERRORS } from '@bir/sdk/contract/errors'
import type { GatewayError } from '@bir/sdk/contract/errors'
import type { Endpoint } from './endpoint.ts'
import type { RequestId } from '../protocol/request-id.ts'
import { discardBody } from './discard-body.ts'
import { gzipped } from './gzip.ts'
import { acceptsGzip } from './negotiate.ts'
import { errorBody, resultHead } from '../protocol/json-rpc.ts'

export type Headers = Readonly<Record<string, string>>

export function sendJson(response: ServerResponse, status: number, body: string, headers: Headers = {}): void {
  if (response.headersSent || response.destroyed) return
  discardBody(response.req)
  response.writeHead(status, jsonHeaders(Buffer.byteLength(body), headers))
  response.end(body)
}

/**
 * Sends a result that is already JSON bytes, such as a list of two thousand tools.
 * The bytes are not encoded again for each request.
 */
export function sendResult(response: ServerResponse, id: RequestId, result: Buffer, headers: Headers): void {
  if (response.headersSent || response.destroyed) return
  const compressed = acceptsGzip(response.req.headers) ? gzipped(id, result) : undefined
  if (compressed) {
    response.writeHead(200, { ...jsonHeaders(compressed.length, headers), 'Content-Encoding': 'gzip' })
    return void response.end(compressed)
  }
  const head = resultHead(id)
  response.writeHead(200, jsonHeaders(Buffer.byteLength(head) + result.length + 1, headers))
  response.write(head)
  response.write(result)
  response.end('}')
}

const jsonHeaders = (length: number, headers: Headers) => ({
  'Content-Type': 'application/json',
  'Content-Length': length,
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  ...headers,
})

export function sendNothing(response: ServerResponse, status: number, headers: Headers = {}): void {
  if (response.headersSent || response.destroyed) return
  discardBody(response.req)
  response.writeHead(status, { 'Content-Length': 0, ...headers })
  response.end()
}

/** The HTTP status of an error. For an unknown method a legacy client expects 200, a modern one the error's status. */
export const statusOf = ({ code }: GatewayError, modern: boolean): number => (code === 'unknownMethod' && !modern ? 200 : ERRORS[code].http)

export function sendError(
  response: ServerResponse,
  error: GatewayError,
  request: { id: RequestId | null; modern: boolean; endpoint: Endpoint | undefined; headers: Headers },
): void {
  const { id, modern, endpoint, headers } = request
  sendJson(response, statusOf(error, modern), errorBody(id, error), { ...headers, ...errorHeaders(error, endpoint) })
}

export function errorHeaders(error: GatewayError, endpoint: Endpoint | undefined): Headers {
  if (error.code === 'rateLimited') return { 'Retry-After': String(Math.max(1, Math.ceil((error.retryAfterMs ?? 1000) / 1000))) }
  if (error.code === 'unavailable') return { 'Retry-After': '5' }
  if (error.code === 'methodNotAllowed') return { Allow: 'POST, GET, DELETE, OPTIONS' }
  if (error.code === 'tooLarge') return { Connection: 'close' }
  if (error.code === 'unauthenticated' && endpoint) return { 'WWW-Authenticate': challenge(error, endpoint) }
  return {}
}

/**
 * What is wrong with the token, and where its resource is described (RFC 6750 §3, RFC 9728 §5.1). A request without a
 * token gets no error here (RFC 6750 §3.1): the body has the sentence.
 */
function challenge({ reason, publicMessage = ERRORS.unauthenticated.publicMessage }: GatewayError, { metadataUrl }: Endpoint): string {
  const fault = reason === 'token-missing' ? '' : `, error="invalid_token", error_description="${quotable(publicMessage)}"`
  return `Bearer resource_metadata="${metadataUrl}", scope="mcp"${fault}`
}

/** The characters that an `error_description` may have (RFC 6750 §3): no quote, no backslash, ASCII alone. */
const quotable = (text: string) => text.replaceAll(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, '?')
