import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import { createClient } from '@bir/sdk'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { legacyUpstream } from '../conformance/upstreams/legacy.ts'
import { modernUpstream } from '../conformance/upstreams/modern.ts'
import type { Upstream } from '../conformance/upstreams/serve.ts'
import { sseUpstream } from '../conformance/upstreams/sse.ts'
import { until } from '@bir/data-plane/testing/waiting'
import { bootGateway } from '../testing/boot-gateway.ts'
import type { Gateway } from '../testing/boot-gateway.ts'

/**
 * A legacy server, a modern one and one of the HTTP+SSE transport behind one gateway, each used by a legacy client and
 * by a modern one.
 */

const main = fileURLToPath(new URL('../../sdk/src/cli/main.ts', import.meta.url))
const scratch = mkdtempSync(join(tmpdir(), 'bir-remote-'))
let upstreams: Upstream[]
let gateway: Gateway
let token: string

async function bir(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [main, ...args], {
    env: { ...process.env, BIR_HOME: gateway.home, NO_COLOR: '1' },
  })
  return stdout
}

beforeAll(async () => {
  upstreams = [await legacyUpstream(), await modernUpstream(), await sseUpstream()]
  gateway = await bootGateway()
  const file = parse(await bir('export'))
  for (const [at, id] of ['old', 'new', 'oldest'].entries()) {
    file.servers[id] = { kind: 'remote', url: upstreams[at]?.url, title: `The ${id} one` }
    file.grants.push({ group: 'analysts', server: id, level: 'destroy' })
  }
  const path = join(scratch, 'bir.yaml')
  writeFileSync(path, stringify(file))
  await bir('apply', '-f', path)
  token = await gateway.token('alice')
  const { planes } = await createClient({ url: gateway.endpoints.control, token: () => gateway.operatorToken() }).snapshot.status({})
  expect(planes).toHaveLength(1)
})

afterAll(async () => {
  await gateway.stop()
  for (const upstream of upstreams) await upstream[Symbol.asyncDispose]()
  rmSync(scratch, { recursive: true })
})

interface Driven extends AsyncDisposable {
  tools(): Promise<string[]>
  call(name: string, args: Record<string, unknown>, onProgress?: (progress: number) => void, signal?: AbortSignal): Promise<string>
  read(uri: string): Promise<string>
  complete(prompt: string, argument: { name: string; value: string }): Promise<string[]>
  resources(): Promise<string[]>
}

const info = { name: 'remote-test', version: '1' }
const answer = { action: 'accept' as const, content: { username: 'ann', email: 'ann@example.com' } }
const bearer = () => ({ requestInit: { headers: { Authorization: `Bearer ${token}` } } })

async function newClient(url: string): Promise<Driven> {
  const client = new Client(info, { versionNegotiation: { mode: 'auto' }, capabilities: { elicitation: {} } })
  client.setRequestHandler('elicitation/create', async () => answer)
  await client.connect(new StreamableHTTPClientTransport(new URL(url), bearer()))
  return {
    tools: async () => (await client.listTools()).tools.map(({ name }) => name),
    call: async (name, args, onprogress, signal) =>
      JSON.stringify(
        await client.callTool(
          { name, arguments: args },
          { ...(onprogress && { onprogress: ({ progress }) => onprogress(progress) }), ...(signal && { signal }) },
        ),
      ),
    read: async (uri) => JSON.stringify(await client.readResource({ uri })),
    complete: async (name, argument) => (await client.complete({ ref: { type: 'ref/prompt', name }, argument })).completion.values,
    resources: async () => (await client.listResources()).resources.map(({ uri }) => uri),
    [Symbol.asyncDispose]: () => client.close(),
  }
}

async function oldClient(url: string): Promise<Driven> {
  const client = new LegacyClient(info, { capabilities: { elicitation: {} } })
  client.setRequestHandler(ElicitRequestSchema, async () => answer)
  await client.connect(new LegacyTransport(new URL(url), bearer()))
  return {
    tools: async () => (await client.listTools()).tools.map(({ name }) => name),
    call: async (name, args, onprogress, signal) =>
      JSON.stringify(
        await client.callTool({ name, arguments: args }, undefined, {
          ...(onprogress && { onprogress: ({ progress }) => onprogress(progress) }),
          ...(signal && { signal }),
        }),
      ),
    read: async (uri) => JSON.stringify(await client.readResource({ uri })),
    complete: async (name, argument) => (await client.complete({ ref: { type: 'ref/prompt', name }, argument })).completion.values,
    resources: async () => (await client.listResources()).resources.map(({ uri }) => uri),
    [Symbol.asyncDispose]: () => client.close(),
  }
}

const pairs = [
  ['new', 'new', newClient],
  ['new', 'old', newClient],
  ['old', 'new', oldClient],
  ['old', 'old', oldClient],
  ['new', 'oldest', newClient],
  ['old', 'oldest', oldClient],
] as const

test.for(pairs)(
  'a client of the %s era and the %s server: tools, a question, progress, resources and completion',
  async ([, server, connect]) => {
    const url = `${gateway.endpoints.mcp}/${server}`
    await until(async () => {
      await using first = await connect(url)
      return (await first.tools()).length > 5
    }, `the tools of the ${server} server to be listed`)
    await using client = await connect(url)
    expect(await client.call('test_simple_text', {})).toContain('text')
    expect(await client.call('test_elicitation', { message: 'Who are you?' })).toContain('ann')
    const seen: number[] = []
    await client.call('test_tool_with_progress', {}, (progress) => seen.push(progress))
    expect(seen.length).toBeGreaterThan(1)
    expect(await client.resources()).toContain('test://static-text')
    expect(await client.read('test://static-text')).toContain('test://static-text')
    expect(await client.complete('test_prompt_with_arguments', { name: 'arg1', value: 'p' })).toEqual(['paris', 'park', 'party'])
  },
)

test.for([
  ['new', newClient],
  ['old', oldClient],
] as const)('on the aggregate a client of the %s era finds all servers under names of their own', async ([, connect]) => {
  await using client = await connect(gateway.endpoints.mcp)
  const tools = await client.tools()
  expect(tools).toEqual(
    expect.arrayContaining(['old_test_simple_text', 'new_test_simple_text', 'oldest_test_simple_text', 'sql_execute_query', 'meta_whoami']),
  )
  expect(await client.call('old_test_elicitation', { message: 'Who?' })).toContain('ann')
  expect(await client.call('new_test_elicitation', { message: 'Who?' })).toContain('ann')
  expect(await client.call('oldest_test_elicitation', { message: 'Who?' })).toContain('ann')
  expect(await client.resources()).toEqual(
    expect.arrayContaining(['mcp+old:test://static-text', 'mcp+new:test://static-text', 'mcp+meta:gateway://me']),
  )
  expect(await client.read('mcp+old:test://static-text')).toContain('mcp+old:test://static-text')
})

const control = () => createClient({ url: gateway.endpoints.control, token: () => gateway.operatorToken() })
const healthOf = async (id: string) => (await control().servers.health({ id })).items

test('administrators see how each server is, by each plane; exported and applied again nothing changes', async () => {
  const notUp = async () => (await control().servers.health({})).items.filter(({ state, stale }) => state !== 'up' || stale)
  await expect.poll(notUp, { message: 'servers that are not up' }).toEqual([])
  expect(await healthOf('old')).toMatchObject([{ planeName: 'local', era: 'legacy', breaker: 'closed', latencyMs: expect.any(Number) }])
  expect(await healthOf('oldest')).toMatchObject([{ planeName: 'local', era: 'legacy', overSse: true }])
  expect(await healthOf('new')).toMatchObject([{ planeName: 'local', era: 'modern', lastSuccessAt: expect.any(String) }])
  expect(await bir('server', 'health', '--exit-code')).toMatch(/^new +local +up +modern[^]*^oldest +local +up +sse/m)
  expect(await bir('server', 'list')).toMatch(new RegExp(`^old +remote +\\d+ +0 +warn +up +${upstreams[0]?.url}$`, 'm'))
  const path = join(scratch, 'again.yaml')
  await bir('export', '-o', path)
  expect(await bir('apply', '-f', path)).toMatch(/^Nothing to change/)
})

test('a server that dies takes nobody along: the rest is listed and called, and the fault is said to be its own', async () => {
  await upstreams[0]?.[Symbol.asyncDispose]()
  await using client = await newClient(gateway.endpoints.mcp)
  expect(await client.tools()).toContain('new_test_simple_text')
  expect(await client.call('new_test_simple_text', {})).toContain('text')
  const failed = JSON.parse(await client.call('old_test_simple_text', {}))
  expect(failed.isError).toBe(true)
  expect(failed.content[0].text).toMatch(/^[A-Z].*\n\{"code":"upstream_down","retryable":true\}$/)
  await expect.poll(async () => (await healthOf('old'))[0]?.state, { message: 'state of the server that died' }).toBe('down')
  expect(await healthOf('old')).toMatchObject([
    { lastError: expect.stringContaining('cannot be reached'), lastSuccessAt: expect.any(String) },
  ])
  const listed = JSON.parse(await client.call('meta_list_servers', {})).structuredContent.items
  expect(listed.find(({ server }: { server: string }) => server === 'old')).toMatchObject({
    state: 'down',
    last_error: 'The MCP server cannot be reached.',
  })
})
