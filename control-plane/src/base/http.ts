import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { wordsOf } from './log.ts'
import type { Log } from './log.ts'

/** One request, as a route sees it. */
export interface Exchange {
  request: IncomingMessage
  url: URL
  /** What stood in the place of the path's `*`. */
  rest: string
  /** From this machine, and no proxy in between said otherwise. */
  isLocal: boolean
  /** Ends when the client has gone or the process wants to. */
  signal: AbortSignal
  body: (limitBytes: number) => Promise<Buffer>
}

export interface Answer {
  status: number
  headers?: Record<string, string>
  body?: string | Uint8Array
}

export interface Route {
  method: 'GET' | 'POST'
  /** A path, which may end in `/*`. */
  path: string
  answer: (exchange: Exchange) => Promise<Answer>
}

/** A handler that speaks HTTP itself, for everything under its prefix. */
export interface Mount {
  prefix: string
  handle: (request: IncomingMessage, response: ServerResponse) => void
}

/** A no that is said in words: `error` for programs, `says` for people. Never holds a secret. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly status: number
  readonly error: string
  readonly facts: object

  constructor(status: number, error: string, says: string, facts: object = {}) {
    super(says)
    this.status = status
    this.error = error
    this.facts = facts
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
  /** The only origin whose pages may call; metadata is for everyone. */
  origin: string
  /** Bound to this machine only: then the Host header must say so (DNS rebinding). */
  loopback: boolean
  /** Aborts what waits, so that the process can end. */
  draining: AbortSignal
  log: Log
}

const ownNames = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i

export function createSite(site: Site): Server {
  const server = createServer((request, response) => void serve(site, request, response))
  server.keepAliveTimeout = 65_000
  return server
}

async function serve(site: Site, request: IncomingMessage, response: ServerResponse): Promise<void> {
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
    if (!(error instanceof Refusal)) site.log('error', 'request-failed', { method: request.method, path, why: wordsOf(error) })
    refuse(response, error)
  }
}

async function dispatch(site: Site, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = URL.parse(request.url ?? '/', site.origin)
  if (!url) throw new Refusal(400, 'invalid_request', 'The address is malformed.')
  if (url.pathname !== '/health') refuseForeignHost(site, request)
  if (request.headers.origin !== undefined && request.headers.origin !== site.origin && !url.pathname.startsWith('/.well-known/')) {
    throw new Refusal(403, 'forbidden', 'Requests from this origin are not accepted.')
  }

  const mount = site.mounts.find(({ prefix }) => url.pathname === prefix || url.pathname.startsWith(`${prefix}/`))
  if (mount) return mount.handle(request, response)

  const route = routeOf(site.routes, request.method ?? '', url.pathname)
  const rest = url.pathname.slice(route.path.length - 1)
  const ended = new AbortController()
  const end = () => ended.abort()
  response.once('close', end)
  site.draining.addEventListener('abort', end)
  if (site.draining.aborted) end()
  try {
    const body = (limitBytes: number) => read(request, limitBytes)
    const answer = await route.answer({ request, url, rest, isLocal: isLocal(request), signal: ended.signal, body })
    if (site.draining.aborted) response.setHeader('connection', 'close')
    send(response, answer)
  } finally {
    site.draining.removeEventListener('abort', end)
  }
}

/** A page of elsewhere whose name was turned to this machine still sends that name. */
function refuseForeignHost({ origin, loopback }: Site, { headers: { host = '' } }: IncomingMessage): void {
  if (!loopback || ownNames.test(host) || host.toLowerCase() === new URL(origin).host) return
  throw new Refusal(403, 'forbidden', 'Requests for this host are not accepted.')
}

function routeOf(routes: readonly Route[], method: string, pathname: string): Route {
  const here = routes.filter(({ path }) => (path.endsWith('/*') ? pathname.startsWith(path.slice(0, -1)) : pathname === path))
  if (here.length === 0) throw new Refusal(404, 'not_found', 'There is nothing here.')
  const route = here.find((route) => route.method === method)
  if (!route) throw new Refusal(405, 'method_not_allowed', `This address answers ${here.map(({ method }) => method).join(', ')} only.`)
  return route
}

/** A proxy on the same machine would make everyone look local: it says so in these headers. */
export function isLocal({ socket, headers }: IncomingMessage): boolean {
  const peer = socket.remoteAddress ?? ''
  const proxied = headers.forwarded ?? headers['x-forwarded-for'] ?? headers['x-real-ip'] ?? headers.via
  return proxied === undefined && (peer === '::1' || /^(::ffff:)?127\./.test(peer))
}

async function read(request: IncomingMessage, limitBytes: number): Promise<Buffer> {
  const parts: Buffer[] = []
  let length = 0
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length
    if (length > limitBytes) throw new Refusal(413, 'too_large', `The body is over ${limitBytes} bytes.`)
    parts.push(part)
  }
  return Buffer.concat(parts)
}

function send(response: ServerResponse, { status, headers = {}, body = '' }: Answer): void {
  response.writeHead(status, { 'x-content-type-options': 'nosniff', 'content-length': Buffer.byteLength(body), ...headers })
  response.end(body)
}

function refuse(response: ServerResponse, error: unknown): void {
  if (response.headersSent) return void response.destroy()
  const { status, error: code, message, facts } = error instanceof Refusal ? error : broken
  send(response, json(status, { error: code, error_description: message, ...facts }, status === 413 ? { connection: 'close' } : {}))
}

const broken = new Refusal(500, 'server_error', 'The control plane made a mistake. It is logged; try again or tell an operator.')
