import type { JsonWebKey } from 'node:crypto'
import { createServer } from 'node:http'
import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { requestDigest, verifyPeer } from '../peers/signature.ts'
import { endpointOf } from '../http/endpoint.ts'
import type { McpExchange } from './exchange.ts'
import { PEER_SIGNATURE_HEADER } from '../peers/forward.ts'
import { openAuthorization, SEALED_AUTHORIZATION_HEADER } from '../peers/sealed-authorization.ts'
import type { BodyBudget, BodyLease } from '../http/body-budget.ts'
import { bytesOf } from '../http/read-body.ts'
import { sendJson, sendNothing } from '../http/respond.ts'
import { closeUnread } from '../http/unread.ts'
import { MAX_GOSSIP_BYTES, GOSSIP_PATH } from '../pipeline/session-end/gossip.ts'
import type { SessionGossip } from '../pipeline/session-end/gossip.ts'
import type { PolicySource } from '../policy/source.ts'

interface Options {
  node: string
  sealingKey: JsonWebKey | undefined
  publicUrl: string
  policy: PolicySource
  exchange: McpExchange
  gossip: Pick<SessionGossip, 'answer'>
  bodies: BodyBudget
  maxRequestBytes: number
}

/**
 * The HTTP server for other planes. Requests that they forward are answered as if the client had come here; their
 * gossip about sessions is answered too. Never on a public ingress.
 */
export function createInternalServer(options: Options): Server {
  const server = createServer({ keepAliveTimeout: 65_000, headersTimeout: 15_000, requestTimeout: 60_000 }, (request, response) => {
    admit(options, request, response).catch(() => sendNothing(response, 400))
  })
  closeUnread(server)
  return server
}

/** Nothing of a body is kept before a plane of the roster has signed for it. */
async function admit(options: Options, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { node, sealingKey, publicUrl, policy, exchange, gossip, bodies, maxRequestBytes } = options
  const { method = '', url = '' } = request
  const endpoint = endpointOf(publicUrl, url)
  const isNews = url === GOSSIP_PATH
  const proof = request.headers[PEER_SIGNATURE_HEADER]
  const keyOf = (plane: string) => policy.current().planes.find(({ id }) => id === plane)?.publicKey
  const claims = typeof proof === 'string' ? await verifyPeer(proof, node, keyOf, Date.now() / 1000) : undefined
  if (!claims || (!endpoint && !isNews)) return sendNothing(response, 403)
  const body = await textOf(request, isNews ? MAX_GOSSIP_BYTES : maxRequestBytes, bodies.open(`plane ${claims.iss}`))
  // The other plane may have hung up meanwhile. Nobody would see its close event any more, and a stream would not end.
  if (response.destroyed) return
  if (claims.dig !== requestDigest(method, url, body)) return sendNothing(response, 403)
  if (isNews) return sendJson(response, 200, gossip.answer(body))
  const headers = headersOf(request, sealingKey, claims.dig)
  if (!headers || !endpoint) return sendNothing(response, 403)
  // A plane of an earlier version signs no user agent.
  const sender = { ip: claims.ip, userAgent: claims.ua === undefined ? headers['user-agent'] : (claims.ua ?? undefined) }
  await exchange.handle({ request: readAgain(request, headers, body), response, endpoint, sender, headers: {}, isForwarded: true })
}

/** The headers with the token as the client sent it. Undefined when it is in a box that is not for this request. */
function headersOf({ headers }: IncomingMessage, sealingKey: JsonWebKey | undefined, digest: string): IncomingHttpHeaders | undefined {
  const { [SEALED_AUTHORIZATION_HEADER]: box, ...others } = headers
  if (box === undefined) return headers
  const authorization = sealingKey && typeof box === 'string' ? openAuthorization(sealingKey, digest, box) : undefined
  return authorization === undefined ? undefined : { ...others, authorization }
}

/** The body was read for its digest. Whoever handles the request reads it from this copy. */
function readAgain(request: IncomingMessage, headers: IncomingHttpHeaders, body: string): IncomingMessage {
  const { method, url, rawHeaders, socket } = request
  return Object.assign(Readable.from([Buffer.from(body)]), {
    method,
    url,
    headers,
    rawHeaders,
    socket,
    complete: true,
  }) as unknown as IncomingMessage
}

async function textOf(request: IncomingMessage, maxBytes: number, lease: BodyLease): Promise<string> {
  const bytes = await bytesOf(request, maxBytes, lease)
  lease.end() // whoever handles the request counts its copy
  return bytes.toString('utf8')
}
