import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { LOOPBACK_HOST } from '@bir/sdk/contract/loopback'
import { NEWS } from './news.ts'

// The server behind all contenders: MCP 2026-07-28 over node:http.
// It also speaks the part of 2025-11-25 that FastMCP's client needs.

interface RpcRequest {
  id?: number | string
  method: string
  params: { arguments?: { text: string }; notifications?: object; protocolVersion?: string }
}

const version = '2026-07-28'
const serverInfo = { name: 'bench', version: '1' }
const resultFields = { resultType: 'complete', _meta: { 'io.modelcontextprotocol/serverInfo': serverInfo } }
const capabilities = { tools: { listChanged: true }, resources: { subscribe: true, listChanged: true } }
const inputSchema = { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] }
const tool = (name: string) => ({ name, description: 'Says what it is told.', inputSchema, annotations: { readOnlyHint: true } })
const tools = [tool('echo')]

const results: Record<string, (params: RpcRequest['params']) => object> = {
  'server/discover': () => ({ ...resultFields, supportedVersions: [version], capabilities, ttlMs: 3_600_000, cacheScope: 'public' }),
  initialize: ({ protocolVersion }) => ({ protocolVersion, capabilities: { tools: {} }, serverInfo }),
  ping: () => ({}),
  'tools/list': () => ({ ...resultFields, tools, ttlMs: 0, cacheScope: 'private' }),
  'resources/list': () => ({ ...resultFields, resources: [{ uri: NEWS, name: 'news' }], ttlMs: 0, cacheScope: 'private' }),
  'resources/templates/list': () => ({ ...resultFields, resourceTemplates: [], ttlMs: 0, cacheScope: 'private' }),
  'prompts/list': () => ({ ...resultFields, prompts: [], ttlMs: 0, cacheScope: 'private' }),
  'tools/call': ({ arguments: { text } = { text: '' } }) => ({
    ...resultFields,
    content: [{ type: 'text', text }],
    structuredContent: { text },
  }),
}

const listening = new Map<ServerResponse, { subscriptionId: RpcRequest['id'] }>()

const server = createServer((request, response) => {
  const parts: Buffer[] = []
  request.on('data', (part: Buffer) => parts.push(part))
  request.on('end', () => answer(request, response, Buffer.concat(parts).toString()))
})

function answer({ method }: IncomingMessage, response: ServerResponse, body: string): void {
  if (method !== 'POST') return void response.writeHead(405).end()
  const request = JSON.parse(body) as RpcRequest
  if (request.id === undefined) return void response.writeHead(202).end()
  if (request.method === 'subscriptions/listen') return listen(response, request)
  const result = results[request.method]?.(request.params)
  const error = { code: -32_601, message: 'Method not found' }
  const text = JSON.stringify({ jsonrpc: '2.0', id: request.id, ...(result ? { result } : { error }) })
  response.writeHead(result ? 200 : 404, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }).end(text)
}

function listen(response: ServerResponse, { id, params }: RpcRequest): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  listening.set(response, { subscriptionId: id })
  response.on('close', () => listening.delete(response))
  notify(response, id, 'notifications/subscriptions/acknowledged', { notifications: params.notifications })
}

function notify(response: ServerResponse, id: RpcRequest['id'], method: string, params: object): void {
  const _meta = { 'io.modelcontextprotocol/subscriptionId': id }
  response.write(`event: message\ndata: ${JSON.stringify({ jsonrpc: '2.0', method, params: { ...params, _meta } })}\n\n`)
}

export type UpstreamOrder = { change: 'resource' | 'tools' }

process.on('message', ({ change }: UpstreamOrder) => {
  if (change === 'tools') tools.push(tool(`echo_${tools.length + 1}`))
  for (const [response, { subscriptionId }] of listening) {
    if (change === 'tools') notify(response, subscriptionId, 'notifications/tools/list_changed', {})
    else notify(response, subscriptionId, 'notifications/resources/updated', { uri: NEWS })
  }
  process.send?.({ listeners: listening.size })
})
server.listen(0, LOOPBACK_HOST, () => process.send?.({ port: (server.address() as AddressInfo).port }))
process.on('disconnect', () => process.exit())
