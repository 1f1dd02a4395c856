import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { randomUUID } from 'node:crypto'
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js'
import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import type { EventStore } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { Cancel } from '../../runtime/cancellation.ts'
import { LegacyUpstream, LEGACY_LIMITS } from './legacy-upstream.ts'
import type { LegacyEra, LegacyLimits } from './legacy-upstream.ts'
import { openConnection } from '../http/connection.ts'
import { serverOf } from '../testing.ts'
import type { CallContext } from '../../server-kit/context.ts'
import type { ListenRequest, UpstreamRequest } from '../upstream.ts'
import type { ClientFacts, Notification } from '../../protocol/notification.ts'

/** One HTTP request that the server received. */
interface Seen {
  readonly http: string
  /** The port of the client, which tells connections apart. */
  readonly port: number | undefined
  readonly headers: IncomingMessage['headers']
  /** The body as it was written. */
  readonly text: string
  readonly body: { id?: unknown; method?: string; params?: Record<string, unknown>; result?: unknown; error?: unknown }
}

export interface LegacyServer extends AsyncDisposable {
  readonly url: string
  readonly upstream: LegacyUpstream
  readonly seen: Seen[]
  /** The received messages with this method. */
  sent(method: string): Seen[]
}

type Handle = (request: IncomingMessage, response: ServerResponse, body: Seen['body']) => void | Promise<void>

/** An upstream to a server that answers as a test says. */
export async function legacyServer(
  handle: Handle,
  limits: Partial<LegacyLimits> = {},
  maxResponseBytes = 1_000_000,
  callTimeoutMs = 60_000,
  era: LegacyEra = 'legacy',
): Promise<LegacyServer> {
  const seen: Seen[] = []
  const take = async (request: IncomingMessage, response: ServerResponse) => {
    const bodyText = await text(request)
    const body = (bodyText === '' ? {} : JSON.parse(bodyText)) as Seen['body']
    seen.push({ http: request.method ?? '', port: request.socket.remotePort, headers: request.headers, body, text: bodyText })
    await handle(request, response, body)
  }
  const server = await serverOf(take)
  const options = openConnection({
    id: 'things',
    settings: { url: `${server.url}/mcp`, headers: { 'X-Key': 'k' }, era, trust: 'off', maxResponseBytes, privateNetwork: true },
    readSecret: () => Promise.reject(new Error('no secrets here')),
    log: () => undefined,
    nodeId: 'n1',
    callTimeoutMs,
  })
  // Long enough for a server that answers, even on a slow machine.
  const upstream = new LegacyUpstream(options, era, {
    ...LEGACY_LIMITS,
    closeWithinMs: 0,
    streamWithinMs: 60_000,
    streamRetryMs: 50,
    ...limits,
  })
  return {
    url: server.url,
    upstream,
    seen,
    sent: (method) => seen.filter(({ body }) => body.method === method),
    async [Symbol.asyncDispose]() {
      await upstream.close()
      await options.pool.close()
      await server[Symbol.asyncDispose]()
    },
  }
}

/** A server of the SDK for legacy revisions. Each of its sessions has an `McpServer` of its own. */
export async function sdkServer(
  make: () => McpServer,
  {
    eventStore,
    limits,
    stateless = false,
    json = false,
  }: { eventStore?: EventStore; limits?: Partial<LegacyLimits>; stateless?: boolean; json?: boolean } = {},
): Promise<LegacyServer & { forget(): void; sessions: Map<string, StreamableHTTPServerTransport> }> {
  const sessions = new Map<string, StreamableHTTPServerTransport>()
  const openTransport = async () => {
    const transport = new StreamableHTTPServerTransport({
      ...(stateless ? {} : { sessionIdGenerator: () => randomUUID() }),
      onsessioninitialized: (id) => void sessions.set(id, transport),
      onsessionclosed: (id) => void sessions.delete(id),
      enableJsonResponse: json,
      ...(eventStore && { eventStore, retryInterval: 60 }),
    })
    await make().connect(transport)
    return transport
  }
  const server = await legacyServer(async (request, response, body) => {
    const id = request.headers['mcp-session-id']
    const knownTransport = typeof id === 'string' ? sessions.get(id) : undefined
    if (id !== undefined && !knownTransport) return void response.writeHead(404).end()
    const transport = knownTransport ?? (await openTransport())
    await transport.handleRequest(request, response, request.method === 'POST' ? body : undefined)
  }, limits)
  return Object.assign(server, { sessions, forget: () => sessions.clear() })
}

/** A server of the SDK for the HTTP+SSE transport of 2024-11-05. */
export async function sdkSseServer(
  make: () => McpServer,
  limits: Partial<LegacyLimits> = {},
): Promise<LegacyServer & { transports: Map<string, SSEServerTransport> }> {
  const transports = new Map<string, SSEServerTransport>()
  const openStream = async (response: ServerResponse) => {
    const transport = new SSEServerTransport('/messages', response)
    transports.set(transport.sessionId, transport)
    response.on('close', () => transports.delete(transport.sessionId))
    await make().connect(transport)
  }
  const server = await legacyServer(
    async (request, response, body) => {
      const { pathname, searchParams } = new URL(request.url ?? '', 'http://x')
      if (pathname === '/mcp' && request.method === 'GET') return openStream(response)
      const transport = pathname === '/messages' ? transports.get(searchParams.get('sessionId') ?? '') : undefined
      if (!transport || request.method !== 'POST') return void response.writeHead(404).end('Not found')
      await transport.handlePostMessage(request, response, body)
    },
    limits,
    1_000_000,
    60_000,
    'sse',
  )
  return Object.assign(server, { transports })
}

export const aClient = (overrides: Partial<ClientFacts> = {}): ClientFacts => ({
  capabilities: { elicitation: { form: {}, url: {} }, sampling: {}, roots: {} },
  info: { name: 'test', version: '1' },
  logLevel: undefined,
  ...overrides,
})

type Asked = Partial<UpstreamRequest> & { heard?: Notification[] }

export const aRequest = (method: string, params: Record<string, unknown>, { heard = [], ...overrides }: Asked = {}): UpstreamRequest => ({
  person: 'alice',
  session: undefined,
  client: aClient(),
  method,
  params,
  onNotification: (notification) => void heard.push(notification),
  cancel: new Cancel(),
  context: {} as CallContext,
  ...overrides,
})

export const aCall = (
  name: string,
  args: Record<string, unknown> = {},
  overrides: Asked = {},
  params: Record<string, unknown> = {},
): UpstreamRequest => aRequest('tools/call', { name, arguments: args, ...params }, overrides)

export const aListen = (
  filter: ListenRequest['filter'],
  overrides: Partial<ListenRequest> & { heard?: Notification[] } = {},
): ListenRequest => {
  const { heard = [], ...rest } = overrides
  return {
    person: 'alice',
    session: undefined,
    client: aClient(),
    filter,
    onNotification: (notification) => void heard.push(notification),
    onEnd: () => undefined,
    cancel: new Cancel(),
    ...rest,
  }
}
