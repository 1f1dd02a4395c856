import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { errorText } from './log.ts'
import type { Log } from './log.ts'
import { outageText } from './outage.ts'
import { HeldBytes } from './held-bytes.ts'
import { isLoopbackHost, isLoopbackPeer } from './loopback.ts'

/** One request, as a route receives it. */
export interface Exchange {
  request: IncomingMessage
  url: URL
  /** The address of the client, as far as trusted proxies tell it. */
  address: string
  /** The part of the path that the `*` of the route matched. */
  rest: string
  /** Aborted when the client has disconnected or the process is stopping. */
  signal: AbortSignal
  body: (maxBytes: number) => Promise<Buffer>
}

export interface Answer {
  status: number
  /** Several values become several headers of the name, such as `set-cookie`. */
  headers?: Record<string, string | string[]>
  body?: string | Uint8Array
}

export interface Route {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** A path; it may end in `/*`. */
  path: string
  /**
   * `any`: pages of every origin may call, and their scripts may read the answer (CORS); the browser sends no cookie
   * with such a call. `lead`: pages of every origin may lead a browser here, by a link or a form, and read nothing.
   * `own`, the default: no page but the gateway's own may call.
   */
  origins?: 'own' | 'lead' | 'any'
  answer: (exchange: Exchange) => Promise<Answer>
}

/** A handler that writes its own HTTP response, for all paths under its prefix. */
export interface Mount {
  prefix: string
  handle: (request: IncomingMessage, response: ServerResponse) => void
}

/**
 * A request that is refused, with an HTTP status. `error` is a code for programs, the message is for people, and
 * neither holds a secret. It serves the routes for OAuth (made by `oauthError` in base/errors/oauth-error.ts), the
 * routes for planes, and the HTTP server itself. The operations of the API throw an `ApiError` instead
 * (base/api-error.ts).
 */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly status: number
  readonly error: string
  readonly facts: object
  readonly headers: Record<string, string>

  constructor(status: number, error: string, message: string, facts: object = {}, headers: Record<string, string> = {}) {
    super(message)
    this.status = status
    this.error = error
    this.facts = facts
    this.headers = headers
  }
}

export const json = (status: number, body: object, headers: Record<string, string> = {}): Answer => ({
  status,
  headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers },
  body: JSON.stringify(body),
})

interface Site {
  routes: readonly Route[]
  mounts: readonly Mount[]
  /** The only origin whose pages may call a route that is not for `any`. */
  origin: string
  /** The address of the client. Absent: that of the connection. */
  addressOf?: (request: IncomingMessage) => string
  /** The server listens on loopback only, so the Host header must name loopback too (against DNS rebinding). */
  loopback: boolean
  /** Aborts requests that wait, so that the process can end. */
  draining: AbortSignal
  /** Whether clients should connect elsewhere next time. */
  isStopping?: () => boolean
  log: Log
  /** What a person in a browser is shown for a refusal, as a page. Absent: what programs get, which is JSON. */
  refusalPage?: (refusal: Refusal, request: IncomingMessage) => Answer
  /** What the bodies of unfinished requests hold. Routes for people without a token read bodies too. */
  held?: HeldBytes
}

const maxHeldBytes = 64 * 1024 * 1024

/** How long a request may take to arrive, and how often this is checked. */
const arrivalLimits = { headersTimeout: 15_000, requestTimeout: 60_000, connectionsCheckingInterval: 5_000 }

export function createSite(site: Site): Server {
  const bounded = { held: new HeldBytes(maxHeldBytes), ...site }
  return createServer({ keepAliveTimeout: 65_000, ...arrivalLimits }, (request, response) => void serve(bounded, request, response))
}

type BoundedSite = Site & { held: HeldBytes }

async function serve(site: BoundedSite, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const startedMs = performance.now()
  const path = (request.url ?? '/').split('?')[0] ?? '/'
  response.once('close', () => {
    if (path === '/health') return
    const tookMs = Math.round(performance.now() - startedMs)
    site.log('info', 'request', { method: request.method, path, status: response.headersSent ? response.statusCode : 0, tookMs })
  })
  try {
    await dispatch(site, request, response)
  } catch (error) {
    if (!(error instanceof Refusal)) site.log('error', 'request-failed', { method: request.method, path, why: errorText(error) })
    const outage = outageText(error)
    sendRefusal(site, request, response, outage === undefined ? error : new Refusal(503, 'temporarily_unavailable', outage))
  }
}

async function dispatch(site: BoundedSite, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = URL.parse(request.url ?? '/', site.origin)
  if (!url) throw new Refusal(400, 'invalid_request', 'The address is malformed.')
  if (url.pathname !== '/health') refuseForeignHost(site, request)
  if (site.isStopping?.()) response.setHeader('connection', 'close')
  const routesAtPath = site.routes.filter(({ path }) => isAt(path, url.pathname))
  const isForAnyOrigin = routesAtPath.some(({ origins }) => origins === 'any')
  if (isForAnyOrigin) for (const [name, value] of Object.entries(anyOrigin)) response.setHeader(name, value)
  else if (routesAtPath.every(({ origins }) => origins !== 'lead')) refuseForeignOrigin(site, request)
  if (isForAnyOrigin && request.method === 'OPTIONS') return sendAnswer(response, { status: 204, headers: preflightOf(routesAtPath) })

  const mount = site.mounts.find(({ prefix }) => url.pathname === prefix || url.pathname.startsWith(`${prefix}/`))
  if (mount) return mount.handle(request, response)

  const route = routeOf(routesAtPath, request.method ?? '')
  const rest = url.pathname.slice(route.path.length - 1)
  const aborter = new AbortController()
  const end = () => aborter.abort()
  response.once('close', end)
  site.draining.addEventListener('abort', end)
  if (site.draining.aborted) end()
  const address = site.addressOf?.(request) ?? request.socket.remoteAddress ?? ''
  let heldBytes = 0
  const take = (bytes: number) => {
    if (!site.held.take(address, bytes, heldBytes)) throw tooMuchAtOnce()
    heldBytes += bytes
  }
  try {
    const body = (maxBytes: number) => readBody(request, maxBytes, take)
    const answer = await route.answer({ request, url, address, rest, signal: aborter.signal, body })
    if (site.draining.aborted) response.setHeader('connection', 'close')
    sendAnswer(response, answer)
  } finally {
    site.held.giveBack(address, heldBytes)
    site.draining.removeEventListener('abort', end)
  }
}

/** DNS rebinding: a foreign page whose host name now resolves to this machine still sends that name as its Host. */
function refuseForeignHost({ origin, loopback }: Site, { headers: { host = '' } }: IncomingMessage): void {
  if (!loopback || isLoopbackHost(host) || host.toLowerCase() === new URL(origin).host) return
  throw new Refusal(403, 'forbidden', 'Requests for this host are not accepted.')
}

function refuseForeignOrigin({ origin }: Site, { headers }: IncomingMessage): void {
  if (headers.origin === undefined || headers.origin === origin) return
  throw new Refusal(403, 'forbidden', 'Requests from this origin are not accepted.')
}

/** What the browser of a page of any origin is told (Fetch standard, CORS protocol). Without credentials. */
const anyOrigin = { 'access-control-allow-origin': '*', 'access-control-expose-headers': 'www-authenticate, retry-after' }

const preflightOf = (routes: readonly Route[]) => ({
  'access-control-allow-methods': routes.map(({ method }) => method).join(', '),
  'access-control-allow-headers': 'authorization, content-type, mcp-protocol-version',
  'access-control-max-age': '600',
})

const isAt = (path: string, pathname: string) => (path.endsWith('/*') ? pathname.startsWith(path.slice(0, -1)) : pathname === path)

function routeOf(routesAtPath: readonly Route[], method: string): Route {
  if (routesAtPath.length === 0) throw new Refusal(404, 'not_found', 'There is nothing here.')
  const route = routesAtPath.find((route) => route.method === method)
  const methods = routesAtPath.map(({ method }) => method).join(', ')
  if (!route) throw new Refusal(405, 'method_not_allowed', `This address answers ${methods} only.`)
  return route
}

const proxyHeader =
  /^(?:forwarded|via|proxy-connection|x-forwarded(?:-.+)?|x-original-.+|x-(?:real|client|cluster-client)-ip|true-client-ip|cf-.+)$/

/**
 * Whether a request was made on this machine, as far as a request can show it. A proxy on this machine makes every
 * request look local: most add a header, pass on a `Host` of another name, or speak HTTP/1.0. One that does none of it
 * is not noticed, so this is no proof by itself.
 */
export function isLocal({ socket, headers, httpVersion }: IncomingMessage): boolean {
  if (!isLoopbackPeer(socket.remoteAddress ?? '') || !isLoopbackHost(headers.host ?? '') || httpVersion === '1.0') return false
  return !Object.keys(headers).some((name) => proxyHeader.test(name))
}

/** `take` counts what has arrived. A body whose length says that it is too large is not read. */
async function readBody(request: IncomingMessage, maxBytes: number, take: (bytes: number) => void): Promise<Buffer> {
  const tooLarge = () => new Refusal(413, 'too_large', `The body is over ${maxBytes} bytes.`)
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge()
  const parts: Buffer[] = []
  let length = 0
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length
    if (length > maxBytes) throw tooLarge()
    take(part.length)
    parts.push(part)
  }
  return Buffer.concat(parts)
}

const tooMuchAtOnce = () => new Refusal(429, 'slow_down', 'Too many bodies from this address are arriving. Try again in a second.')

function sendAnswer(response: ServerResponse, { status, headers = {}, body = '' }: Answer): void {
  response.writeHead(status, { 'x-content-type-options': 'nosniff', 'content-length': Buffer.byteLength(body), ...headers })
  response.end(body)
}

const refusalHeaders: Record<number, Record<string, string>> = {
  413: { connection: 'close' },
  503: { 'retry-after': '2' },
  429: { 'retry-after': '1', connection: 'close' },
}

function sendRefusal(site: Site, request: IncomingMessage, response: ServerResponse, error: unknown): void {
  if (response.headersSent) return void response.destroy()
  const refusal = error instanceof Refusal ? error : internalError
  const { status, error: code, message, facts, headers } = refusal
  const answer =
    site.refusalPage && isBrowsing(request)
      ? site.refusalPage(refusal, request)
      : json(status, { error: code, error_description: message, ...facts })
  sendAnswer(response, { ...answer, headers: { ...answer.headers, ...refusalHeaders[status], ...headers } })
}

/** A browser that goes to an address, or sends a form, asks for a page. A program does not. */
const isBrowsing = ({ headers }: IncomingMessage) => /\btext\/html\b/.test(headers.accept ?? '')

const internalError = new Refusal(500, 'server_error', 'The control plane made a mistake. It is logged; try again or tell an operator.')
