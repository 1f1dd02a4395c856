import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport as LegacyStdio } from '@modelcontextprotocol/sdk/client/stdio.js'
import { StreamableHTTPClientTransport as LegacyHttp } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { ElicitRequestSchema, ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js'
import { InMemoryTransport } from '@modelcontextprotocol/server'
import { serveStdio } from '@modelcontextprotocol/server/stdio'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { defineServer } from '../../server-kit/define.ts'
import { accepted, askForm, inputRequired } from '../../server-kit/input-required.ts'
import { serveHttp } from './http.ts'
import { standaloneFactory } from './server.ts'
import { within } from '../../testing/waiting.ts'

const main = new URL('./main.ts', import.meta.url).pathname
const info = { name: 'test', version: '1' }
const elicitation = { capabilities: { elicitation: {} } }

const desk = defineServer({ id: 'desk', title: 'Desk', settings: z.object({}), emits: ['tools'], logs: true })
const nothing = z.strictObject({})
const said = z.object({ said: z.string() })
const server = desk.with(
  desk.tool({
    name: 'get_name',
    description: 'Asks who is there.',
    level: 'read',
    input: nothing,
    output: said,
    run(_args, { inputResponses, requestState }) {
      const name = accepted(inputResponses, 'who')?.['name']
      return typeof name === 'string'
        ? { said: `${name} ${JSON.stringify(requestState)}` }
        : inputRequired({ who: askForm('Who?', { name: { type: 'string' } }, ['name']) }, { round: 1 })
    },
  }),
  desk.tool({
    name: 'run_slowly',
    description: 'Says how far it is.',
    level: 'write',
    input: nothing,
    output: said,
    async run(_args, context) {
      await context.progress(1, 2)
      await context.progress(2, 2)
      return { said: context.level }
    },
  }),
  desk.tool({
    name: 'update_tools',
    description: 'Says that the list of tools changed.',
    level: 'write',
    input: nothing,
    output: said,
    run() {
      desk.changes.changed('tools')
      return { said: 'changed' }
    },
  }),
  desk.resource({ uri: 'desk://drawer', name: 'drawer', description: 'What lies in it.', mimeType: 'text/plain', read: () => 'a pen' }),
  desk.prompt({
    name: 'tidy',
    description: 'Tidies up.',
    args: z.strictObject({ where: z.string() }),
    render: ({ where }) => `Tidy ${where}.`,
  }),
)
const setup = { server, settings: {}, readSecret: async () => '' }

function unexpected(error: unknown): never {
  throw error
}

/**
 * A client of SDK 1.x. Its transports do not fit its own interface under exactOptionalPropertyTypes, so `transport`
 * is unknown.
 */
async function legacyClient(transport: unknown, options: object = {}) {
  const client = new LegacyClient(info, options)
  await client.connect(transport as Parameters<typeof client.connect>[0])
  return client
}

test('over HTTP a modern client lists and calls tools, reads resources, gets prompts and is asked for input', async () => {
  await using endpoint = await serveHttp(setup, 0, unexpected)
  const client = new Client(info, { ...elicitation, versionNegotiation: { mode: 'auto' } })
  client.setRequestHandler('elicitation/create', async () => ({ action: 'accept', content: { name: 'Ada' } }))
  await client.connect(new StreamableHTTPClientTransport(new URL(endpoint.url)))
  expect(client.getNegotiatedProtocolVersion()).toBe('2026-07-28')
  expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['get_name', 'run_slowly', 'update_tools'])
  expect(await client.callTool({ name: 'get_name', arguments: {} })).toMatchObject({ structuredContent: { said: 'Ada {"round":1}' } })
  expect(await client.readResource({ uri: 'desk://drawer' })).toMatchObject({ contents: [{ text: 'a pen' }] })
  expect(await client.getPrompt({ name: 'tidy', arguments: { where: 'here' } })).toMatchObject({
    messages: [{ content: { text: 'Tidy here.' } }],
  })
  await expect(client.getPrompt({ name: 'nothing' })).rejects.toMatchObject({ code: -32602 })
  await client.close()
})

test('progress arrives before the answer, and a call has the highest level', async () => {
  await using endpoint = await serveHttp(setup, 0, unexpected)
  const client = new Client(info, { versionNegotiation: { mode: 'auto' } })
  await client.connect(new StreamableHTTPClientTransport(new URL(endpoint.url)))
  const progressSteps: number[] = []
  const answer = await client.callTool(
    { name: 'run_slowly', arguments: {} },
    { onprogress: ({ progress }) => progressSteps.push(progress) },
  )
  expect(answer).toMatchObject({ structuredContent: { said: 'destroy' } })
  expect(progressSteps).toEqual([1, 2])
  await client.close()
})

test('over HTTP a legacy client lists and calls tools, reads resources and gets prompts', async () => {
  await using endpoint = await serveHttp(setup, 0, unexpected)
  const client = await legacyClient(new LegacyHttp(new URL(endpoint.url)))
  expect((await client.listTools()).tools).toHaveLength(3)
  expect(await client.callTool({ name: 'run_slowly', arguments: {} })).toMatchObject({ structuredContent: { said: 'destroy' } })
  expect(await client.readResource({ uri: 'desk://drawer' })).toMatchObject({ contents: [{ text: 'a pen' }] })
  expect(await client.getPrompt({ name: 'tidy', arguments: { where: 'here' } })).toMatchObject({ messages: [{ role: 'user' }] })
  await client.close()
})

test('a request of another origin is refused, and another path is not found', async () => {
  await using endpoint = await serveHttp(setup, 0, unexpected)
  const init = { method: 'POST', body: '{}', headers: { 'content-type': 'application/json', origin: 'https://evil.example' } }
  expect((await fetch(endpoint.url, init)).status).toBe(403)
  expect((await fetch(new URL('/other', endpoint.url))).status).toBe(404)
})

test('over a lasting connection a legacy client is asked for input and notified of changes', async () => {
  const [near, far] = InMemoryTransport.createLinkedPair()
  const served = serveStdio(standaloneFactory(setup, unexpected), { transport: far })
  const client = new LegacyClient(info, elicitation)
  client.setRequestHandler(ElicitRequestSchema, async () => ({ action: 'accept', content: { name: 'Ben' } }))
  const changed = Promise.withResolvers<void>()
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => changed.resolve())
  await client.connect(near)
  expect(await client.callTool({ name: 'get_name', arguments: {} })).toMatchObject({ structuredContent: { said: 'Ben {"round":1}' } })
  await client.callTool({ name: 'update_tools', arguments: {} })
  await within(changed.promise, 'the client to be told that its tools changed')
  await client.close()
  await served.close()
})

const command = { command: process.execPath, args: [main, 'debug', '--stdio'] }
const echo = { name: 'echo', arguments: { text: 'merhaba' } }

test('the command serves a server over stdio to a modern client', async () => {
  const client = new Client(info, { versionNegotiation: { mode: 'auto' } })
  await client.connect(new StdioClientTransport(command))
  expect(client.getNegotiatedProtocolVersion()).toBe('2026-07-28')
  expect(await client.callTool(echo)).toMatchObject({ structuredContent: { text: 'merhaba' } })
  expect(await client.callTool({ name: 'echo', arguments: { text: 7 } })).toMatchObject({ isError: true })
  await client.close()
})

test('the command serves a server over stdio to a legacy client', async () => {
  const client = await legacyClient(new LegacyStdio(command))
  expect(await client.callTool(echo)).toMatchObject({ structuredContent: { text: 'merhaba' } })
  await client.close()
})

test.for([
  [[], 'which server?'],
  [['debug'], 'say --stdio, or --port'],
  [['nothing', '--stdio'], 'which server?'],
  [['sql', '--stdio', '--settings', 'SETTINGS'], 'settings.connections'],
] as const)('the command started with %j prints what is wrong', async ([args, words]) => {
  const home = mkdtempSync(join(tmpdir(), 'bir-alone-'))
  const settings = join(home, 'settings.yaml')
  writeFileSync(settings, 'connections: 7')
  const child = spawn(process.execPath, [main, ...args.map((arg) => (arg === 'SETTINGS' ? settings : arg))], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const chunks: Buffer[] = []
  child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk))
  const [code] = (await once(child, 'close')) as [number]
  rmSync(home, { recursive: true })
  expect({ code, says: Buffer.concat(chunks).toString().includes(words) }).toEqual({ code: 1, says: true })
})
