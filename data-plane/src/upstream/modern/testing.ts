import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import type { RemoteSettings } from '@bir/sdk/contract/remote'
import { METHOD_NOT_FOUND } from '../../protocol/facts/rpc-codes.ts'
import { Cancel } from '../../runtime/cancellation.ts'
import { ModernUpstream } from './modern-upstream.ts'
import { openConnection } from '../http/connection.ts'
import type { RemoteServer } from '../http/connection.ts'
import type { TestServer } from '../testing.ts'
import { serverOf } from '../testing.ts'
import type { ListenRequest, UpstreamRequest } from '../upstream.ts'
import type { ClientFacts } from '../../protocol/notification.ts'

/** One request that the server received. */
export interface Asked {
  readonly id: number
  readonly method: string
  readonly params: Record<string, unknown> & { _meta: Record<string, unknown> }
  readonly headers: IncomingHttpHeaders
}

/** The ways in which a test server answers. */
export interface Say {
  readonly response: ServerResponse
  result(result: unknown): void
  error(code: number, status?: number, data?: unknown): void
  /** Sends this text as a JSON body. */
  json(text: string, status?: number): void
  /** Sends an event; the first one opens the stream. */
  event(message: unknown): void
  end(result: unknown): void
}

export type Handle = (asked: Asked, say: Say) => unknown

export interface ModernServer extends TestServer {
  readonly asked: Asked[]
  readonly upstream: ModernUpstream
}

export const aRemote = (url: string, settings: Partial<RemoteSettings> = {}): RemoteServer => ({
  id: 'things',
  settings: {
    url: `${url}/mcp`,
    headers: {},
    era: 'auto',
    trust: 'off',
    maxResponseBytes: 100_000,
    privateNetwork: true,
    ...settings,
  },
  readSecret: ({ secret }) => Promise.resolve(`value of ${secret}`),
  log: () => undefined,
  nodeId: 'n1',
  callTimeoutMs: 60_000,
})

/** A modern server that answers as a test says. On `as usual` it answers discovery, and lists no tools. */
export async function modernServer(
  handle: Handle,
  settings: Partial<RemoteSettings> = {},
  overrides: Partial<RemoteServer> = {},
): Promise<ModernServer> {
  const asked: Asked[] = []
  const server = await serverOf(async (request, response) => {
    const body = JSON.parse(await text(request)) as Asked
    const { id, method, params } = body
    const received = { id, method, params, headers: request.headers }
    asked.push(received)
    const say = sayTo(id, response)
    if (handle(received, say) === 'as usual') answerAsUsual(method, say)
  })
  const options = openConnection({ ...aRemote(server.url, settings), ...overrides })
  const upstream = new ModernUpstream(options)
  return {
    url: server.url,
    asked,
    upstream,
    async [Symbol.asyncDispose]() {
      await upstream.close()
      await options.pool.close()
      await server[Symbol.asyncDispose]()
    },
  }
}

const answerAsUsual = (method: string, say: Say): void => {
  if (method === 'tools/list') return say.result({ resultType: 'complete', tools: [], ttlMs: 0, cacheScope: 'private' })
  if (method === 'server/discover')
    return say.result({ resultType: 'complete', supportedVersions: ['2026-07-28'], capabilities: { tools: {} }, ttlMs: 0 })
  say.error(METHOD_NOT_FOUND, 404)
}

function sayTo(id: number, response: ServerResponse): Say {
  const json = (body: string, status = 200) => void response.writeHead(status, { 'content-type': 'application/json' }).end(body)
  const event = (message: unknown) => {
    if (!response.headersSent) response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(`data: ${JSON.stringify(message)}\n\n`)
  }
  return {
    response,
    json,
    event,
    result: (result) => json(JSON.stringify({ jsonrpc: '2.0', id, result })),
    error: (code, status = 200, data) => json(JSON.stringify({ jsonrpc: '2.0', id, error: { code, message: 'no', data } }), status),
    end(result) {
      event({ jsonrpc: '2.0', id, result })
      response.end()
    },
  }
}

export const aClient: ClientFacts = { capabilities: { elicitation: {} }, info: { name: 'tester', version: '1' }, logLevel: undefined }

export const aRequest = (overrides: Partial<UpstreamRequest> = {}): UpstreamRequest => ({
  person: 'alice',
  session: undefined,
  client: aClient,
  method: 'resources/read',
  params: { uri: 'test://a' },
  onNotification: () => undefined,
  cancel: new Cancel(),
  ...overrides,
})

export const aListener = (overrides: Partial<ListenRequest> = {}): ListenRequest => ({
  person: 'alice',
  session: undefined,
  client: aClient,
  filter: { toolsListChanged: true },
  onNotification: () => undefined,
  onEnd: () => undefined,
  cancel: new Cancel(),
  ...overrides,
})
