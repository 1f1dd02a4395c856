import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { requestDigest, verifyPeer } from '../peers/signature.ts'
import { endpointOf } from '../http/endpoint.ts'
import type { McpExchange } from './exchange.ts'
import { PEER_SIGNATURE_HEADER } from '../peers/forward.ts'
import { sendJson, sendNothing } from '../http/respond.ts'
import { MAX_GOSSIP_BYTES, GOSSIP_PATH } from '../pipeline/session-end/gossip.ts'
import type { SessionGossip } from '../pipeline/session-end/gossip.ts'
import type { PolicySource } from '../policy/source.ts'

interface Options {
  node: string
  publicUrl: string
  policy: PolicySource
  exchange: McpExchange
  gossip: Pick<SessionGossip, 'answer'>
  maxRequestBytes: number
}

/**
 * The HTTP server for other planes. Requests that they forward are answered as if the client had come here; their
 * gossip about sessions is answered too. Never on a public ingress.
 */
export function createInternalServer(options: Options): Server {
  return createServer({ keepAliveTimeout: 65_000 }, (request, response) => {
    admit(options, request, response).catch(() => sendNothing(response, 400))
  })
}

async function admit(
  { node, publicUrl, policy, exchange, gossip, maxRequestBytes }: Options,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const endpoint = endpointOf(publicUrl, request.url ?? '')
  const isNews = request.url === GOSSIP_PATH
  const body = await textOf(request, isNews ? MAX_GOSSIP_BYTES : maxRequestBytes)
  const proof = request.headers[PEER_SIGNATURE_HEADER]
  const keyOf = (plane: string) => policy.current().planes.find(({ id }) => id === plane)?.publicKey
  const digest = requestDigest(request.method ?? '', request.url ?? '', body)
  const handed = typeof proof === 'string' ? await verifyPeer(proof, node, digest, keyOf, Date.now() / 1000) : undefined
  // The other plane may have hung up meanwhile. Nobody would see its close event any more, and a stream would not end.
  if (response.destroyed) return
  if (handed && isNews) return sendJson(response, 200, gossip.answer(body))
  if (!endpoint || !handed) return sendNothing(response, 403)
  await exchange.handle({ request: readAgain(request, body), response, endpoint, headers: {}, forwardedFrom: handed.ip })
}

/** The body was read for its digest. Whoever handles the request reads it from this copy. */
function readAgain(request: IncomingMessage, body: string): IncomingMessage {
  const { method, url, headers, rawHeaders, socket } = request
  return Object.assign(Readable.from([Buffer.from(body)]), {
    method,
    url,
    headers,
    rawHeaders,
    socket,
    complete: true,
  }) as unknown as IncomingMessage
}

async function textOf(request: IncomingMessage, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > maxBytes) throw new Error('too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
