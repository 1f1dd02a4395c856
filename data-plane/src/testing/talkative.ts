import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { ToolError } from '@bir/sdk/contract/errors'
import { z } from 'zod'
import { defineServer } from '../server-kit/define.ts'
import type { MountedServer } from '../server-kit/define.ts'
import { askForm, inputRequired } from '../server-kit/input-required.ts'
import { serverOf } from '../upstream/testing.ts'
import type { TestServer } from '../upstream/testing.ts'
import { MODERN } from './plane.ts'

/** The word that a talkative server puts into everything it says. */
export const WORD = 'sesame'

const uri = `x:${WORD}`
const capabilities = { tools: {}, prompts: {}, resources: { subscribe: true }, completions: {}, logging: {} }
const result = (fields: object) => ({ resultType: 'complete', ttlMs: 0, cacheScope: 'private', ...fields })

const results: Record<string, object> = {
  'server/discover': result({ supportedVersions: [MODERN], capabilities, instructions: WORD }),
  initialize: { protocolVersion: '2025-11-25', capabilities, serverInfo: { name: 's', version: '1' }, instructions: WORD },
  'tools/list': result({ tools: ['talk', 'fail'].map((name) => ({ name, description: WORD, inputSchema: { type: 'object' } })) }),
  'prompts/list': result({ prompts: [{ name: 'p', description: WORD }] }),
  'resources/list': result({ resources: [{ uri, name: WORD }] }),
  'resources/templates/list': result({ resourceTemplates: [{ uriTemplate: 'x:{a}', name: WORD }] }),
  'prompts/get': result({ messages: [{ role: 'user', content: { type: 'text', text: WORD } }] }),
  'resources/read': result({ contents: [{ uri, text: WORD }] }),
  'resources/subscribe': {},
  'completion/complete': result({ completion: { values: [WORD] } }),
  'tools/call': result({ content: [{ type: 'text', text: WORD }] }),
}

const notification = { method: 'com.example/news', params: { text: WORD } }
const question = {
  method: 'sampling/createMessage',
  params: { maxTokens: 1, messages: [{ role: 'user', content: { type: 'text', text: WORD } }] },
}
const updated = { method: 'notifications/resources/updated', params: { uri, text: WORD } }

/** A remote server of one era that says the word in whatever it says. */
export async function talkativeServer(era: 'legacy' | 'modern'): Promise<TestServer & { tellUpdated(): void }> {
  /** Tells one open stream of a change. */
  const tells = new Set<() => void>()
  /** Goes on once the client has answered. */
  let answered = () => {}

  async function call(id: number, body: string, response: ServerResponse): Promise<void> {
    if (body.includes('"name":"fail"')) return json(response, { id, error: { code: -32_000, message: WORD, data: { text: WORD } } })
    if (era === 'modern' && !body.includes('inputResponses'))
      return stream(response, notification, {
        id,
        result: { resultType: 'input_required', requestState: 's', inputRequests: { q: question } },
      }).end() as never
    if (era === 'legacy') {
      const answer = new Promise<void>((resolve) => (answered = resolve))
      stream(response, notification, { id: 'q', ...question })
      await answer
    }
    stream(response, { id, result: results['tools/call'] }).end()
  }

  const server = await serverOf(async (request, response) => {
    if (request.method === 'GET') {
      tells.add(() => stream(response, updated))
      return void stream(response, notification, { id: 'g', ...question })
    }
    const body = await text(request)
    const { id, method } = JSON.parse(body || '{}') as { id?: number; method?: string }
    if (method === undefined) answered()
    if (id === undefined || method === undefined) return void response.writeHead(202).end()
    if (method === 'tools/call') return call(id, body, response)
    if (method === 'subscriptions/listen') return void tells.add(listen(id, body, response))
    const known = eraOf(request) === era ? results[method] : undefined
    return json(response, known ? { id, result: known } : { id, error: { code: -32_601, message: WORD } }, known ? 200 : 404)
  })
  return {
    url: server.url,
    tellUpdated: () => tells.forEach((tell) => tell()),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

const eraOf = ({ headers }: IncomingMessage) => (headers['mcp-protocol-version'] === MODERN ? 'modern' : 'legacy')

function json(response: ServerResponse, message: object, status = 200): void {
  response
    .writeHead(status, { 'content-type': 'application/json', 'mcp-session-id': 's1' })
    .end(JSON.stringify({ jsonrpc: '2.0', ...message }))
}

function stream(response: ServerResponse, ...messages: object[]): ServerResponse {
  if (!response.headersSent) response.writeHead(200, { 'content-type': 'text/event-stream' })
  for (const message of messages) response.write(`data: ${JSON.stringify({ jsonrpc: '2.0', ...message })}\n\n`)
  return response
}

/** Acknowledges, and gives the way to tell of a change. */
function listen(id: number, body: string, response: ServerResponse): () => void {
  const { params } = JSON.parse(body) as { params: { notifications: object } }
  const _meta = { 'io.modelcontextprotocol/subscriptionId': id }
  stream(response, {
    method: 'notifications/subscriptions/acknowledged',
    params: { notifications: params.notifications, _meta },
  })
  return () => stream(response, { ...updated, params: { ...updated.params, _meta } })
}

/** A mounted server that says the word in whatever it says, and the way to make it tell of a change. */
export function talkativeMounted(): { server: MountedServer; tellUpdated(): void } {
  const server = defineServer({ id: 'things', title: 'Things', settings: z.object({}), emits: ['updates'] })
  const talk = server.tool({
    name: 'talk',
    description: WORD,
    level: 'read',
    input: z.strictObject({}),
    output: z.object({ text: z.string() }),
    async run(_args, context) {
      await context.notify(notification)
      if (!context.inputResponses) return inputRequired({ q: askForm(WORD, { a: { type: 'string' } }) })
      return { text: WORD }
    },
  })
  const fail = server.tool({
    name: 'fail',
    description: WORD,
    level: 'read',
    input: z.strictObject({}),
    output: z.object({}),
    run: () => Promise.reject(new ToolError('not_found', WORD)),
  })
  const resource = server.resource({ uri, name: 'r', description: WORD, mimeType: 'text/plain', read: () => WORD })
  const template = server.template({ uriTemplate: 'y:{a}', name: 't', description: WORD, mimeType: 'text/plain', read: () => WORD })
  const prompt = server.prompt({
    name: 'p',
    description: WORD,
    args: z.object({ a: z.string().optional() }),
    complete: { a: () => [WORD] },
    render: () => WORD,
  })
  return { server: server.with(talk, fail, resource, template, prompt), tellUpdated: () => server.changes.updated(uri) }
}
