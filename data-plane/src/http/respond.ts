import type { ServerResponse } from 'node:http'
import { ERRORS } from '@bir/sdk/contract/errors'
import type { GatewayError } from '@bir/sdk/contract/errors'
import type { Endpoint } from './endpoint.ts'
import type { RequestId } from '../protocol/json-rpc.ts'
import { gzipped, takesGzip } from './gzip.ts'
import { errorBody, resultHead } from '../protocol/json-rpc.ts'

export type Headers = Readonly<Record<string, string>>

export function sendJson(response: ServerResponse, status: number, body: string, headers: Headers = {}): void {
  if (response.headersSent || response.destroyed) return
  response.writeHead(status, jsonHeaders(Buffer.byteLength(body), headers))
  response.end(body)
}

/** A result that is bytes already is not encoded for each who asks: a list of two thousand tools goes out as it is, or as it was compressed. */
export function sendResult(response: ServerResponse, id: RequestId, result: Buffer, headers: Headers): void {
  if (response.headersSent || response.destroyed) return
  const short = takesGzip(response.req) ? gzipped(id, result) : undefined
  if (short) {
    response.writeHead(200, { ...jsonHeaders(short.length, headers), 'Content-Encoding': 'gzip' })
    return void response.end(short)
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
  response.writeHead(status, { 'Content-Length': 0, ...headers })
  response.end()
}

/** A legacy client reads an unknown method inside a 200; a modern one is told by the status too. */
export const statusOf = ({ code }: GatewayError, modern: boolean): number => (code === 'unknownMethod' && !modern ? 200 : ERRORS[code].http)

export function sendError(
  response: ServerResponse,
  error: GatewayError,
  at: { id: RequestId | null; modern: boolean; endpoint: Endpoint | undefined; headers: Headers },
): void {
  sendJson(response, statusOf(error, at.modern), errorBody(at.id, error), { ...at.headers, ...errorHeaders(error, at.endpoint) })
}

export function errorHeaders(error: GatewayError, endpoint: Endpoint | undefined): Headers {
  if (error.code === 'rateLimited') return { 'Retry-After': String(Math.max(1, Math.ceil((error.retryAfterMs ?? 1000) / 1000))) }
  if (error.code === 'unavailable') return { 'Retry-After': '5' }
  if (error.code === 'methodNotAllowed') return { Allow: 'POST, GET, DELETE, OPTIONS' }
  if (error.code === 'tooLarge') return { Connection: 'close' }
  if (error.code === 'unauthenticated' && endpoint) return { 'WWW-Authenticate': challenge(error, endpoint) }
  return {}
}

/** RFC 6750 §3 and RFC 9728 §5.1: where to learn how to sign in; `invalid_token` only when a token came. */
function challenge({ reason }: GatewayError, { metadataUrl }: Endpoint): string {
  const fault = reason === 'token-missing' ? '' : 'error="invalid_token", '
  return `Bearer ${fault}scope="mcp", resource_metadata="${metadataUrl}"`
}
