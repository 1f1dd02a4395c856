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
import type { StandaloneSetup } from './server.ts'
import type { Notification } from '../../protocol/notification.ts'

const host = '127.0.0.1'

export interface HttpEndpoint extends AsyncDisposable {
  readonly url: string
}

/** Serves one server at `/mcp`, in both eras. On the loopback interface only, because there is no authentication. */
export async function serveHttp(setup: StandaloneSetup, port: number, onFault: (error: unknown) => void): Promise<HttpEndpoint> {
  const handler = createMcpHandler(standaloneFactory(setup, onFault), { onerror: onFault })
  const stop = setup.server.changes.listen((notification) => publish(handler, notification))
  const server = createServer((incoming, outgoing) => {
    exchange(handler, incoming, outgoing).catch((error: unknown) => {
      onFault(error)
      outgoing.destroy()
    })
  })
  await startListening(server, port)
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
  const disconnect = new AbortController()
  outgoing.once('close', () => disconnect.abort())
  const request = requestOf(incoming, disconnect.signal)
  const response = await answer(handler, request)
  outgoing.writeHead(response.status, Object.fromEntries(response.headers))
  outgoing.flushHeaders()
  if (!response.body) return void outgoing.end()
  // A client that disconnects ends the stream early. That is no fault.
  await pipeline(Readable.fromWeb(response.body as ReadableStream), outgoing).catch(() => undefined)
}

async function answer(handler: McpHttpHandler, request: Request): Promise<Response> {
  if (new URL(request.url).pathname !== '/mcp') return new Response(undefined, { status: 404 })
  const refusal =
    hostHeaderValidationResponse(request, localhostAllowedHostnames()) ?? originValidationResponse(request, localhostAllowedOrigins())
  return refusal ?? handler.fetch(request)
}

function requestOf(incoming: IncomingMessage, signal: AbortSignal): Request {
  const { method = 'GET', headers, url = '/' } = incoming
  const headerPairs = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)] as [string, string]],
  )
  const body = method === 'POST' ? { body: Readable.toWeb(incoming), duplex: 'half' as const } : {}
  return new Request(new URL(url, `http://${headers.host ?? host}`), { method, headers: headerPairs, signal, ...body } as RequestInit)
}

const startListening = (server: Server, port: number) =>
  new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
