import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
  LoggingMessageNotificationSchema,
  ResourceUpdatedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js'
import type { Era } from './clients.ts'

interface During {
  onProgress?: (progress: number) => void
  signal?: AbortSignal
}

/** The official clients with everything a client can do, and what they were asked and told. Answers are their JSON. */
export interface ShowClient extends AsyncDisposable {
  readonly asked: string[]
  readonly logged: string[]
  readonly updated: string[]
  tools(): Promise<string[]>
  call(name: string, args?: Record<string, unknown>, during?: During): Promise<string>
  resources(): Promise<string[]>
  templates(): Promise<string[]>
  read(uri: string): Promise<string>
  prompt(name: string, args: Record<string, string>): Promise<string>
  complete(prompt: string, argument: { name: string; value: string }): Promise<string[]>
  subscribe(uri: string): Promise<void>
}

const info = { name: 'show', version: '1.0.0' }
const capabilities = { elicitation: { form: {}, url: {} }, sampling: {}, roots: {} }
const person = { name: 'Ada Lovelace', check: true, email: 'ada@example.com', integer: 3 }
const sampled = { role: 'assistant' as const, model: 'a-model', content: { type: 'text' as const, text: 'a sampled answer' } }
const roots = { roots: [{ uri: 'file:///home/ada', name: 'Ada’s' }] }
const json = (value: unknown) => JSON.stringify(value)

/** `modern` is SDK 2.x, `legacy` SDK 1.x. */
export const showClient = (era: Era, url: string, token: string): Promise<ShowClient> =>
  era === 'modern' ? modern(new URL(url), token) : legacy(new URL(url), token)

const notes = () => ({ asked: [] as string[], logged: [] as string[], updated: [] as string[] })
const bearer = (token: string) => ({ requestInit: { headers: { Authorization: `Bearer ${token}` } } })
const answer = ({ mode = 'form' }: { mode?: string | undefined }) => ({
  action: 'accept' as const,
  ...(mode === 'form' && { content: person }),
})
const during = ({ onProgress, signal }: During = {}) => ({
  ...(onProgress && { onprogress: ({ progress }: { progress: number }) => onProgress(progress) }),
  ...(signal && { signal }),
})

async function modern(url: URL, token: string): Promise<ShowClient> {
  const client = new Client(info, { versionNegotiation: { mode: 'auto' }, capabilities })
  const heard = notes()
  client.setRequestHandler('elicitation/create', ({ params }) => {
    heard.asked.push(`elicitation ${params.mode ?? 'form'}`)
    return answer(params)
  })
  client.setRequestHandler('sampling/createMessage', () => (heard.asked.push('sampling'), sampled))
  client.setRequestHandler('roots/list', () => (heard.asked.push('roots'), roots))
  client.setNotificationHandler('notifications/message', ({ params }) => void heard.logged.push(json(params.data)))
  client.setNotificationHandler('notifications/resources/updated', ({ params }) => void heard.updated.push(params.uri))
  await client.connect(new StreamableHTTPClientTransport(url, bearer(token)))
  const _meta = { 'io.modelcontextprotocol/logLevel': 'debug' }
  return {
    ...heard,
    tools: async () => (await client.listTools()).tools.map(({ name }) => name),
    call: async (name, args = {}, given) => json(await client.callTool({ name, arguments: args, _meta }, during(given))),
    resources: async () => (await client.listResources()).resources.map(({ uri }) => uri),
    templates: async () => (await client.listResourceTemplates()).resourceTemplates.map(({ uriTemplate }) => uriTemplate),
    read: async (uri) => json(await client.readResource({ uri })),
    prompt: async (name, args) => json(await client.getPrompt({ name, arguments: args })),
    complete: async (name, argument) => (await client.complete({ ref: { type: 'ref/prompt', name }, argument })).completion.values,
    subscribe: async (uri) => void (await client.listen({ resourceSubscriptions: [uri] })),
    [Symbol.asyncDispose]: () => client.close(),
  }
}

async function legacy(url: URL, token: string): Promise<ShowClient> {
  const client = new LegacyClient(info, { capabilities })
  const heard = notes()
  client.setRequestHandler(ElicitRequestSchema, ({ params }) => {
    heard.asked.push(`elicitation ${params.mode ?? 'form'}`)
    return answer(params)
  })
  client.setRequestHandler(CreateMessageRequestSchema, () => (heard.asked.push('sampling'), sampled))
  client.setRequestHandler(ListRootsRequestSchema, () => (heard.asked.push('roots'), roots))
  client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => void heard.logged.push(json(params.data)))
  client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => void heard.updated.push(params.uri))
  await client.connect(new LegacyTransport(url, bearer(token)))
  await client.setLoggingLevel('debug')
  return {
    ...heard,
    tools: async () => (await client.listTools()).tools.map(({ name }) => name),
    call: async (name, args = {}, given) => json(await client.callTool({ name, arguments: args }, undefined, during(given))),
    resources: async () => (await client.listResources()).resources.map(({ uri }) => uri),
    templates: async () => (await client.listResourceTemplates()).resourceTemplates.map(({ uriTemplate }) => uriTemplate),
    read: async (uri) => json(await client.readResource({ uri })),
    prompt: async (name, args) => json(await client.getPrompt({ name, arguments: args })),
    complete: async (name, argument) => (await client.complete({ ref: { type: 'ref/prompt', name }, argument })).completion.values,
    subscribe: async (uri) => void (await client.subscribeResource({ uri })),
    [Symbol.asyncDispose]: () => client.close(),
  }
}
