import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'
import {
  createMcpHandler,
  hostHeaderValidationResponse,
  localhostAllowedHostnames,
  localhostAllowedOrigins,
  originValidationResponse,
} from '@modelcontextprotocol/server'
import type { McpHttpHandler } from '@modelcontextprotocol/server'
import { listChangeOf } from '../../protocol/facts/list-changes.ts'
import { standaloneFactory } from './server.ts'
import type { Alone } from './server.ts'
import type { Notification } from '../../protocol/notification.ts'

const host = '127.0.0.1'

export interface Standing extends AsyncDisposable {
  readonly url: string
}

/** Serves one server at `/mcp`, both eras, on the loopback address only: callers are not authenticated. */
export async function serveHttp(alone: Alone, port: number, onFault: (error: unknown) => void): Promise<Standing> {
  const handler = createMcpHandler(standaloneFactory(alone, onFault), { onerror: onFault })
  const stop = alone.server.changes.listen((notification) => publish(handler, notification))
  const server = createServer((incoming, outgoing) => {
    exchange(handler, incoming, outgoing).catch((error: unknown) => {
      onFault(error)
      outgoing.destroy()
    })
  })
  await listening(server, port)
  return {
    url: `http://${host}:${(server.address() as AddressInfo).port}/mcp`,
    async [Symbol.asyncDispose]() {
      stop()
      await handler.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** For `subscriptions/listen`: the SDK makes a server per request, so none is left that could announce a change. */
function publish({ notify }: McpHttpHandler, { method, params }: Notification): void {
  if (method === 'notifications/resources/updated') return notify.resourceUpdated(String(params?.['uri']))
  const change = listChangeOf(method)
  if (change) notify[`${change.kind}Changed`]()
}

async function exchange(handler: McpHttpHandler, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const gone = new AbortController()
  outgoing.once('close', () => gone.abort())
  const request = requestOf(incoming, gone.signal)
  const response = await answer(handler, request)
  outgoing.writeHead(response.status, Object.fromEntries(response.headers))
  outgoing.flushHeaders()
  if (!response.body) return void outgoing.end()
  // A client that hangs up ends the stream early. That is no error.
  await pipeline(Readable.fromWeb(response.body as ReadableStream), outgoing).catch(() => undefined)
}

async function answer(handler: McpHttpHandler, request: Request): Promise<Response> {
  if (new URL(request.url).pathname !== '/mcp') return new Response(undefined, { status: 404 })
  const refused =
    hostHeaderValidationResponse(request, localhostAllowedHostnames()) ?? originValidationResponse(request, localhostAllowedOrigins())
  return refused ?? handler.fetch(request)
}

function requestOf(incoming: IncomingMessage, signal: AbortSignal): Request {
  const { method = 'GET', headers, url = '/' } = incoming
  const given = Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)] as [string, string]]))
  const body = method === 'POST' ? { body: Readable.toWeb(incoming), duplex: 'half' as const } : {}
  return new Request(new URL(url, `http://${headers.host ?? host}`), { method, headers: given, signal, ...body } as RequestInit)
}

const listening = (server: Server, port: number) =>
  new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
