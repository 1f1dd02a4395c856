import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { LOOPBACK_HOST } from '@bir/sdk/contract/loopback'

const modern = '2026-07-28'
const legacy = '2025-11-25'

export interface EchoingServer extends AsyncDisposable {
  readonly url: string
  /** Every value of `Authorization` that it was sent. It repeats all of them. */
  readonly heard: ReadonlySet<string>
  /** Every request, in the order in which they came. */
  readonly requests: readonly { authorization: string | undefined; body: string }[]
}

interface Options {
  /** It repeats what the request carried, and nothing of others: as a server does that people share. */
  onlyOwn?: boolean
}

interface Asked {
  readonly id?: number
  readonly method: string
  readonly params?: Record<string, unknown>
}

/** A server of one era that repeats the credentials it was sent in every text that a server can say. */
export async function echoingServer(era: 'modern' | 'legacy', { onlyOwn = false }: Options = {}): Promise<EchoingServer> {
  const heard = new Set<string>()
  const requests: EchoingServer['requests'][number][] = []
  const server = createServer((request, response) => void answer(request, response).catch(() => response.destroy()))

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<unknown> {
    const body = await text(request)
    const asked = JSON.parse(body || '{}') as Asked
    const version = request.headers['mcp-protocol-version']
    // The probe of the other era is not answered, as by a server that does not speak it.
    if ((version === modern) !== (era === 'modern')) return response.writeHead(400).end()
    const { authorization } = request.headers
    requests.push({ authorization, body })
    if (authorization !== undefined) heard.add(authorization)
    if (request.method !== 'POST') return response.writeHead(405).end()
    if (asked.id === undefined) return response.writeHead(202).end()
    return reply(asked, onlyOwn ? [authorization ?? ''] : [...heard], response, era)
  }

  await new Promise<void>((resolve) => server.listen(0, LOOPBACK_HOST, resolve))
  return {
    url: `http://${LOOPBACK_HOST}:${(server.address() as AddressInfo).port}/mcp`,
    heard,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** A credential as servers repeat it: whole, the part after its scheme, its password, and each of them encoded. */
export function spellings(credential: string): string[] {
  const value = credential.split(' ')[1] ?? ''
  const password = credential.startsWith('Basic')
    ? Buffer.from(value, 'base64')
        .toString()
        .replace(/^[^:]*:/, '')
    : value
  const parts = [credential, value, password]
  return [
    ...parts,
    ...parts.map((part) => JSON.stringify({ part }).replaceAll('/', '\\/')),
    ...parts.map((part) => encodeURIComponent(part)),
    ...['', 'a', 'ab'].flatMap((before) => parts.map((part) => Buffer.from(`${before}${part}, and more`).toString('base64'))),
    ...parts.map((part) => Buffer.from(part).toString('base64url')),
    ...parts.map((part) => Buffer.from(part).toString('hex')),
  ]
}

function reply({ id, method, params = {} }: Asked, heard: readonly string[], response: ServerResponse, era: string): unknown {
  const say = `heard ${heard.flatMap(spellings).join(' ')}.`
  const json = (message: object) =>
    response
      .writeHead(200, { 'content-type': 'application/json', ...(era === 'legacy' && { 'mcp-session-id': 's1' }) })
      .end(JSON.stringify({ jsonrpc: '2.0', id, ...message }))
  const { name } = params
  if (name === 'fail') return json({ error: { code: -32_000, message: say, data: { say } } })
  if (name === 'break')
    return response.writeHead(200, { 'content-type': `text/${heard.map((one) => one.split(' ')[1]).join('-')}` }).end(say)
  const result = resultOf(method, say, heard)
  if (!result) return json({ error: { code: -32_601, message: say, data: { say } } })
  if (name !== 'say') return json({ result })
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  const messages = [
    { method: 'notifications/message', params: { level: 'info', logger: say, data: { say } } },
    { method: 'com.example/news', params: { say, _meta: { 'com.example/note': say } } },
    { id, result },
  ]
  return response.end(messages.map((message) => `data: ${JSON.stringify({ jsonrpc: '2.0', ...message })}\n\n`).join(''))
}

function resultOf(method: string, say: string, heard: readonly string[]): object | undefined {
  const url = `https://example.com/${encodeURIComponent(heard.at(-1) ?? '')}`
  const named = heard.map((one) => one.split(' ')[1] ?? '')
  const words = {
    title: say,
    description: say,
    icons: [{ src: url, mimeType: 'image/png', sizes: [say] }],
    annotations: { title: say, audience: ['user'], lastModified: say },
    _meta: { 'com.example/note': say, [`com.example/${named.join('-')}`]: 1 },
  }
  const schema = { type: 'object', title: say, properties: { [say]: { type: 'string', description: say, enum: [say], default: say } } }
  const capabilities = { tools: {}, prompts: {}, resources: {}, completions: {}, logging: {}, experimental: { [say]: { say } } }
  const serverInfo = { name: say, title: say, version: say, websiteUrl: url, icons: words.icons, description: say }
  const content = [
    { type: 'text', text: say, annotations: words.annotations, _meta: words._meta },
    { type: 'image', data: Buffer.from(say).toString('base64'), mimeType: 'image/png' },
    { type: 'resource_link', uri: url, name: say, ...words },
    { type: 'resource', resource: { uri: url, text: say } },
  ]
  const tool = (name: string) => ({ name, ...words, inputSchema: schema, outputSchema: schema })
  const results: Record<string, object> = {
    'server/discover': {
      supportedVersions: [modern],
      capabilities,
      instructions: say,
      _meta: { 'io.modelcontextprotocol/serverInfo': serverInfo, 'com.example/note': say },
    },
    initialize: { protocolVersion: legacy, capabilities, serverInfo, instructions: say, _meta: words._meta },
    'tools/list': { tools: ['say', 'fail', 'break', ...named].map(tool), _meta: words._meta },
    'prompts/list': { prompts: ['ask', ...named].map((name) => ({ name, ...words, arguments: [{ name: say, description: say }] })) },
    'resources/list': { resources: [{ uri: url, name: say, ...words }] },
    'resources/templates/list': { resourceTemplates: [{ uriTemplate: `${url}/{a}`, name: say, ...words }] },
    'tools/call': { content, structuredContent: { say, [say]: say }, _meta: words._meta },
    'prompts/get': { description: say, messages: content.map((part) => ({ role: 'user', content: part })), _meta: words._meta },
    'resources/read': { contents: [{ uri: url, text: say, _meta: words._meta }] },
    'completion/complete': { completion: { values: [say, ...named] } },
  }
  const result = results[method]
  return result && { resultType: 'complete', ttlMs: 0, cacheScope: 'private', ...result }
}
