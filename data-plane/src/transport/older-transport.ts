import { GatewayError } from '@bir/sdk/contract/errors'
import type { Endpoint } from '../http/endpoint.ts'

/** Where clients of the HTTP+SSE transport of 2024-11-05 usually look for a server, and post to. */
const olderPaths = new Set(['/sse', '/messages', '/message'])

export const isOfOlderTransport = (path: string): boolean => olderPaths.has(path)

/** What a client of that transport is told: which one the gateway speaks, and where. */
export const speaksStreamableHttp = ({ resource }: Endpoint): string =>
  `This gateway speaks Streamable HTTP at ${resource}. Set the client to that transport (often called "http") and address: the older HTTP+SSE transport ("sse") is not offered to clients.`

/** A GET without a session: either a client of that transport, or one that looks whether there is a stream yet. */
export const noStreamWithoutSession = (endpoint: Endpoint): GatewayError =>
  new GatewayError('methodNotAllowed', 'GET without a session', {
    publicMessage: `${speaksStreamableHttp(endpoint)} A stream opens with the session that initialize begins.`,
  })
