import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { ProxiesBefore } from '@bir/sdk/client-address'
import { GatewayError } from '@bir/sdk/contract/errors'
import { endpointOf, endpointOfMetadata, protectedResource } from '../http/endpoint.ts'
import type { Endpoint } from '../http/endpoint.ts'
import type { McpExchange } from './exchange.ts'
import type { RecordRefusal } from './record-refusal.ts'
import { isOfOlderTransport, speaksStreamableHttp } from './older-transport.ts'
import type { OriginRules } from '../http/allowed-origins.ts'
import { sendError, sendJson, sendNothing } from '../http/respond.ts'
import { senderOf } from '../http/sender.ts'
import type { Sender } from '../http/sender.ts'
import { closeUnread } from '../http/unread.ts'

interface Options {
  publicUrl: string
  origins: OriginRules
  /** The authorization server; undefined while the plane has no policy. */
  issuer(): string | undefined
  health(): { ok: boolean; body: object }
  /** The plane stops: each answer says that its connection closes, so that the next request goes to another plane. */
  isStopping(): boolean
  exchange: McpExchange
  recordRefusal: RecordRefusal
  proxies: ProxiesBefore
  maxUnreadMs?: number | undefined
}

/** How long a request may take to arrive, and how often this is checked. */
const arrivalLimits = { headersTimeout: 15_000, requestTimeout: 60_000, connectionsCheckingInterval: 5_000 }

/** The HTTP server for clients: MCP endpoints, their RFC 9728 documents, health. */
export function createPublicServer(options: Options): Server {
  const server = createServer({ keepAliveTimeout: 65_000, ...arrivalLimits }, (request, response) => {
    const sender = senderOf(request, options.proxies)
    route(options, request, response, sender).catch((error: unknown) => {
      const fault = GatewayError.from(error)
      options.recordRefusal({ request, sender, endpoint: undefined }, fault)
      sendError(response, fault, { id: null, modern: false, endpoint: undefined, headers: options.origins.headers(request.headers) })
    })
  })
  closeUnread(server, options.maxUnreadMs)
  return server
}

async function route(options: Options, request: IncomingMessage, response: ServerResponse, sender: Sender): Promise<void> {
  if (options.isStopping()) response.shouldKeepAlive = false
  const path = pathOf(request)
  if (path === '/health') return sendHealth(options, response)
  options.origins.check(request.headers)
  const headers = options.origins.headers(request.headers)
  if (request.method === 'OPTIONS') return sendNothing(response, 204, { ...headers, ...options.origins.preflight })

  const endpoint = endpointOf(options.publicUrl, path)
  if (endpoint) return options.exchange.handle({ request, response, endpoint, sender, headers })
  const aggregate = endpointOf(options.publicUrl, '/mcp')
  const nowhere = aggregate && addressFault(path, aggregate)
  if (aggregate && nowhere !== undefined)
    return options.exchange.refuseAddress({ request, response, endpoint: aggregate, sender, headers }, nowhere)
  const described = endpointOfMetadata(options.publicUrl, path)
  if (described && request.method === 'GET') return sendMetadata(options, response, described, headers)
  const issuer = options.issuer()
  const moved = issuer === undefined ? undefined : authorizationServerUrl(issuer, path)
  if (moved !== undefined) return sendNothing(response, 307, { ...headers, ...readByAnyPage, Location: moved })
  sendJson(response, 404, signInPaths.has(path) ? signInIsAt(issuer) : noSuchAddress, headers)
}

function sendHealth({ health }: Options, response: ServerResponse): void {
  const { ok, body } = health()
  sendJson(response, ok ? 200 : 503, JSON.stringify(body))
}

const readByAnyPage = { 'Access-Control-Allow-Origin': '*' }

function sendMetadata({ issuer }: Options, response: ServerResponse, endpoint: Endpoint, headers: Record<string, string>): void {
  sendJson(response, 200, JSON.stringify(protectedResource(endpoint, issuer())), { ...headers, ...readByAnyPage })
}

/** The documents of an authorization server (RFC 8414 §3.1, OpenID Connect Discovery §4). */
const serverDocuments = ['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration']

/**
 * Where the document lies that a client looks for at this path. Clients of 2025-03-26 know no RFC 9728 and take the
 * host of the MCP server for the authorization server. Undefined for any other path.
 */
function authorizationServerUrl(issuer: string, path: string): string | undefined {
  const document = serverDocuments.find((one) => path === one || path === `${one}/mcp` || path.startsWith(`${one}/mcp/`))
  return document && issuer.replace(/\/$/, '') + document
}

/** Where such a client goes when it reads no document ("Fallbacks for Servers without Metadata Discovery"). */
const signInPaths = new Set(['/register', '/authorize', '/token'])

/** In the form of RFC 6749 §5.2, which these clients read and show. */
function signInIsAt(issuer: string | undefined): string {
  const where = issuer === undefined ? 'This plane does not know yet where: it has no policy' : `That is ${issuer}`
  return JSON.stringify({
    error: 'invalid_request',
    error_description: `People do not sign in at this address, but at the authorization server. ${where}. The client finds it from resource_metadata in the answer 401 (RFC 9728), or from ${serverDocuments[0]} here: update a client that does neither, or give it a token with \`bir token\`.`,
  })
}

const servedAt = 'MCP is served at /mcp and /mcp/{server}.'

/** What is said at an address that is no endpoint, though a client looks for one there. Undefined for any other. */
function addressFault(path: string, aggregate: Endpoint): string | undefined {
  if (isOfOlderTransport(path)) return speaksStreamableHttp(aggregate)
  return path.startsWith('/mcp/') ? servedAt : undefined
}

const noSuchAddress = JSON.stringify({ error: 'not_found', message: servedAt })

function pathOf({ url = '/' }: IncomingMessage): string {
  const path = url.split('?', 1)[0] ?? '/'
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
}
