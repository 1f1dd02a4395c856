import type { IncomingMessage, ServerResponse } from 'node:http'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { McpServer as LegacyMcpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import type { McpHttpHandler } from '@modelcontextprotocol/server'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import type { TestServer } from '../upstream/testing.ts'
import { serverOf } from '../upstream/testing.ts'

type HttpHandler = (request: IncomingMessage, response: ServerResponse) => unknown

export interface SdkServer extends TestServer {
  readonly handle: HttpHandler
  toolsChanged(): void
}

const info = { name: 'things', version: '1' }
const text = (value: string) => ({ content: [{ type: 'text' as const, text: value }] })
/** Settles only when the call is cancelled. */
const never = (signal: AbortSignal) => new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))

function modernThings(): McpServer {
  const server = new McpServer(info, { capabilities: { tools: { listChanged: true } } })
  server.registerTool('echo', { inputSchema: z.object({ text: z.string() }) }, async (args, { mcpReq }) => {
    const progressToken = mcpReq._meta?.progressToken
    if (progressToken !== undefined) await mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress: 1 } })
    return text(args.text)
  })
  server.registerTool('slow', { inputSchema: z.object({}) }, async (_, { mcpReq }) => {
    const progressToken = mcpReq._meta?.progressToken ?? 0
    await mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress: 1 } })
    await never(mcpReq.signal)
    return text('late')
  })
  return server
}

function legacyThings(): LegacyMcpServer {
  const server = new LegacyMcpServer(info)
  server.registerTool('echo', { inputSchema: { text: z.string() } }, async (args, { _meta, sendNotification }) => {
    const progressToken = _meta?.progressToken
    if (progressToken !== undefined) await sendNotification({ method: 'notifications/progress', params: { progressToken, progress: 1 } })
    return text(args.text)
  })
  server.registerTool('slow', {}, async ({ _meta, sendNotification, signal }) => {
    const progressToken = _meta?.progressToken ?? 0
    await sendNotification({ method: 'notifications/progress', params: { progressToken, progress: 1 } })
    await never(signal)
    return text('late')
  })
  return server
}

async function served(handle: HttpHandler, toolsChanged: () => void = () => undefined): Promise<SdkServer> {
  const server = await serverOf(handle)
  return { ...server, handle, toolsChanged }
}

/** The SDK's type of a Node request allows no optional member that is `undefined`. */
function overNode(handler: McpHttpHandler): HttpHandler {
  const handle = toNodeHandler(handler)
  return (request, response) => handle(request as Parameters<typeof handle>[0], response)
}

/** SDK 2.x, 2026-07-28 alone. */
export function modernOnlyServer(): Promise<SdkServer> {
  const handler = createMcpHandler(modernThings, { legacy: 'reject' })
  return served(overNode(handler), () => handler.notify.toolsChanged())
}

/** SDK 2.x, both eras. */
export const dualServer = (): Promise<SdkServer> => served(overNode(createMcpHandler(modernThings)))

/** SDK 1.x with sessions. */
export function legacyOnlyServer(): Promise<SdkServer> {
  const sessions = new Map<string, StreamableHTTPServerTransport>()
  return served(async (request, response) => {
    const session = sessions.get(String(request.headers['mcp-session-id']))
    if (session) return session.handleRequest(request, response)
    const transport: StreamableHTTPServerTransport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => void sessions.set(id, transport),
    })
    await legacyThings().connect(transport)
    return transport.handleRequest(request, response)
  })
}

/** SDK 1.x over HTTP+SSE (2024-11-05). The stream is at every address but `/messages`; a POST there gets 404. */
export function sseOnlyServer(): Promise<SdkServer> {
  const sessions = new Map<string, SSEServerTransport>()
  return served(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://x')
    const session = pathname === '/messages' ? sessions.get(searchParams.get('sessionId') ?? '') : undefined
    if (session) return session.handlePostMessage(request, response)
    if (request.method !== 'GET') return response.writeHead(404, { 'content-type': 'text/html' }).end('Cannot POST')
    const transport = new SSEServerTransport('/messages', response)
    sessions.set(transport.sessionId, transport)
    response.on('close', () => sessions.delete(transport.sessionId))
    await legacyThings().connect(transport)
  })
}
