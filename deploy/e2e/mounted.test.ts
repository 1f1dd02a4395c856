import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { createClient } from '@bir/sdk'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport as LegacyStdio } from '@modelcontextprotocol/sdk/client/stdio.js'
import { StreamableHTTPClientTransport as LegacyHttp } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { z } from 'zod'
import { bootGateway } from '../testing/boot-gateway.ts'
import type { Gateway } from '../testing/boot-gateway.ts'

/** Every mounted server is the same behind the gateway and alone, over HTTP and stdio, for clients of both eras. */

const standalone = fileURLToPath(new URL('../../data-plane/src/servers/standalone/main.ts', import.meta.url))
const scratch = mkdtempSync(join(tmpdir(), 'bir-mounted-'))
const settingsFile = join(scratch, 'settings.yaml')
let gateway: Gateway
let token: string

beforeAll(async () => {
  gateway = await bootGateway()
  token = await gateway.token('carol')
  const control = createClient({ url: gateway.endpoints.control, token: () => gateway.operatorToken() })
  const sql = (await control.servers.list()).items.find(({ id }) => id === 'sql')
  writeFileSync(settingsFile, stringify(sql?.kind === 'mounted' ? sql.settings : {}))
})

afterAll(async () => {
  await gateway.stop()
  rmSync(scratch, { recursive: true })
})

/** Arguments by which the server `id` is started alone. */
const argsOf = (id: string) => [
  standalone,
  id,
  ...(id === 'sql' ? ['--settings', settingsFile, '--secrets', join(gateway.home, 'secrets')] : []),
]

/** The server at an address of its own, until the end of the test. */
async function aloneOverHttp(id: string) {
  const child = spawn(process.execPath, [...argsOf(id), '--port', '0'], { stdio: ['ignore', 'ignore', 'pipe'] })
  const ended = once(child, 'close')
  const [line] = (await once(createInterface(child.stderr), 'line')) as [string]
  return {
    url: line.replace(/^.* at /, ''),
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await ended
    },
  }
}

const info = { name: 'mounted-test', version: '1' }

interface Driven extends AsyncDisposable {
  client: Pick<
    Client,
    | 'listTools'
    | 'listResources'
    | 'listResourceTemplates'
    | 'listPrompts'
    | 'callTool'
    | 'readResource'
    | 'complete'
    | 'getPrompt'
    | 'getServerCapabilities'
  >
}

type Way = (id: string) => Promise<Driven>

/** The clients of both SDKs have the same methods, under types of their own. */
const driven = (client: unknown): Driven => ({
  client: client as Driven['client'],
  [Symbol.asyncDispose]: () => (client as Client).close(),
})

async function modern(transport: Parameters<Client['connect']>[0]): Promise<Driven> {
  const client = new Client(info, { versionNegotiation: { mode: 'auto' } })
  await client.connect(transport)
  expect(client.getNegotiatedProtocolVersion()).toBe('2026-07-28')
  return driven(client)
}

async function legacy(transport: unknown): Promise<Driven> {
  const client = new LegacyClient(info)
  await client.connect(transport as Parameters<typeof client.connect>[0])
  return driven(client)
}

const bearer = () => ({ requestInit: { headers: { Authorization: `Bearer ${token}` } } })
const command = (id: string) => ({ command: process.execPath, args: [...argsOf(id), '--stdio'], stderr: 'ignore' as const })

async function overHttp(id: string, connect: (url: URL) => Promise<Driven>): Promise<Driven> {
  const alone = await aloneOverHttp(id)
  const { client, ...rest } = await connect(new URL(alone.url))
  return {
    client,
    async [Symbol.asyncDispose]() {
      await rest[Symbol.asyncDispose]()
      await alone[Symbol.asyncDispose]()
    },
  }
}

const ways: [string, Way][] = [
  ['the gateway, 2.x', (id) => modern(new StreamableHTTPClientTransport(new URL(`${gateway.endpoints.mcp}/${id}`), bearer()))],
  ['the gateway, 1.x', (id) => legacy(new LegacyHttp(new URL(`${gateway.endpoints.mcp}/${id}`), bearer()))],
  ['alone over HTTP, 2.x', (id) => overHttp(id, (url) => modern(new StreamableHTTPClientTransport(url)))],
  ['alone over HTTP, 1.x', (id) => overHttp(id, (url) => legacy(new LegacyHttp(url)))],
  ['alone over stdio, 2.x', (id) => modern(new StdioClientTransport(command(id)))],
  ['alone over stdio, 1.x', (id) => legacy(new LegacyStdio(command(id)))],
]

/** What is to be had of each server, and what must come of it whoever asks. */
const served = {
  sql: {
    reads: ['sql://bank/schema', 'sql://bank/table/public.accounts'],
    call: ['execute_query', { connection: 'bank', query: 'select count(*) from accounts' }],
    completes: [
      [{ type: 'ref/resource', uri: 'sql://{connection}/table/{schema}.{table}' }, { name: 'connection', value: 'b' }, ['bank']],
      [{ type: 'ref/prompt', name: 'answer_with_sql' }, { name: 'connection', value: '' }, ['bank']],
    ],
    prompt: ['answer_with_sql', { connection: 'bank', question: 'How many accounts are there?' }],
  },
  charts: {
    reads: ['ui://charts/view'],
    call: ['validate_spec', { spec: { mark: 'bar', data: { values: [{ a: 1 }] }, encoding: { x: { field: 'a', type: 'quantitative' } } } }],
    completes: [],
    prompt: undefined,
  },
  meta: {
    reads: ['gateway://me', 'gateway://servers', 'gateway://tools/meta_whoami'],
    call: ['whoami', {}],
    completes: [
      [{ type: 'ref/resource', uri: 'gateway://tools/{name}' }, { name: 'name', value: 'meta_who' }, ['meta_whoami']],
      [{ type: 'ref/prompt', name: 'connect_system' }, { name: 'server', value: 'me' }, ['meta']],
    ],
    prompt: ['connect_system', { server: 'meta' }],
  },
  debug: { reads: [], call: ['echo', { text: 'salam 🌍' }], completes: [], prompt: undefined },
} as const

type Id = keyof typeof served
/** What depends on who asks and when. */
const own: ReadonlySet<string> = new Set(['gateway://me', 'gateway://servers', 'whoami', 'connect_system'])

async function everythingOf(id: Id, { client }: Driven) {
  const { reads, call, completes, prompt } = served[id]
  const has = (capability: 'resources' | 'prompts') => client.getServerCapabilities()?.[capability] !== undefined
  const [name, args] = call
  const answer = await client.callTool({ name, arguments: { ...args } })
  const contents = []
  for (const uri of reads) {
    const read = await client.readResource({ uri })
    expect(JSON.stringify(read.contents).length).toBeGreaterThan(60)
    contents.push(own.has(uri) ? uri : read.contents)
  }
  const completed = []
  for (const [ref, argument] of completes) completed.push((await client.complete({ ref, argument })).completion.values)
  const got = prompt && (await client.getPrompt({ name: prompt[0], arguments: { ...prompt[1] } })).messages
  return {
    tools: (await client.listTools()).tools,
    resources: has('resources') ? (await client.listResources()).resources : [],
    templates: has('resources') ? (await client.listResourceTemplates()).resourceTemplates : [],
    prompts: has('prompts') ? (await client.listPrompts()).prompts : [],
    answer: own.has(name) ? answer.isError !== true : [answer.isError, answer.content, withoutTimes(answer.structuredContent)],
    contents,
    completed,
    got: prompt && own.has(prompt[0]) ? got?.length : got,
  }
}

const withoutTimes = (value: unknown) => ({ ...(value as Record<string, unknown>), duration_ms: 0 })

test('the view of a chart is found by the tool that draws it, on the aggregate too', async () => {
  await using at = await modern(new StreamableHTTPClientTransport(new URL(gateway.endpoints.mcp), bearer()))
  const { tools } = await at.client.listTools()
  const ui = tools.find(({ name }) => name === 'charts_create_chart')?._meta?.['ui']
  const { resourceUri } = z.object({ resourceUri: z.string() }).parse(ui)
  expect((await at.client.listResources()).resources.map(({ uri }) => uri)).toContain(resourceUri)
  const { contents } = await at.client.readResource({ uri: resourceUri })
  expect(contents).toMatchObject([{ uri: resourceUri, mimeType: 'text/html;profile=mcp-app', text: expect.stringContaining('<!doctype') }])
})

test.for(Object.keys(served) as Id[])(
  'the server %s is the same behind the gateway and alone, over HTTP and stdio, for clients of both eras',
  async (id) => {
    const seen = []
    for (const [way, connect] of ways) {
      await using at = await connect(id)
      seen.push({ way, ...(await everythingOf(id, at)) })
    }
    const [first] = seen
    expect(first?.tools.length).toBeGreaterThan(2)
    expect(first?.completed).toEqual(served[id].completes.map(([, , values]) => values))
    for (const one of seen) expect({ ...one, way: '' }, one.way).toEqual({ ...first, way: '' })
  },
)
