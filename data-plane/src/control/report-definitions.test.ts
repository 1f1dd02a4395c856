import { text } from 'node:stream/consumers'
import { canonical } from '@bir/sdk/contract/canonical'
import { DefinitionsReport } from '@bir/sdk/contract/internal'
import { RemoteSettings } from '@bir/sdk/contract/remote'
import type { ToolEntry } from '@bir/sdk/contract/snapshot'
import { expect, test } from 'vitest'
import { ControlClient } from './client.ts'
import { newKeys } from './identity.ts'
import { fetchDefinition, reportDefinitions } from './report-definitions.ts'
import { serverOf } from '../upstream/testing.ts'
import { sha256Hex } from '../runtime/sha256.ts'

const anAddress = 'http://127.0.0.1:3001/mcp'
const serverAt = (url: string, tools: [string, ToolEntry][] = [['echo', { level: 'read' }]]) => ({
  remote: RemoteSettings.parse({ url }),
  tools: new Map(tools),
})
const everything = serverAt(anAddress)
const aTool = (name: string, more: object = {}) => ({ name, inputSchema: { type: 'object' }, ...more })

/** The control plane's end of the wire: keeps what is posted, answers as it is told. */
async function aControlPlane(definitions: Record<string, string> = {}) {
  const reports: DefinitionsReport[] = []
  const state = { status: 204 }
  const server = await serverOf(async (request, response) => {
    const body = await text(request)
    if (request.method === 'POST' && state.status === 204) reports.push(DefinitionsReport.parse(JSON.parse(body)))
    if (request.method === 'POST') return void response.writeHead(state.status).end()
    const found = definitions[request.url?.split('/').at(-1) ?? '']
    response.writeHead(found === undefined ? 404 : 200).end(found)
  })
  const id = '019aa000-0000-7000-8000-000000000001'
  const manifestKey = { kty: 'OKP', kid: 'm', alg: 'EdDSA' }
  const control = new ControlClient({ id, controlUrl: server.url, issuer: 'http://control.test', manifestKey, ...newKeys() })
  return {
    control,
    reports,
    state,
    async [Symbol.asyncDispose]() {
      await control.close()
      await server[Symbol.asyncDispose]()
    },
  }
}

test('what a server offers is told once, and again when it changed', async () => {
  await using it = await aControlPlane()
  const report = reportDefinitions(it.control)
  expect(await report('everything', everything, [aTool('echo'), aTool('add')])).toEqual({ posted: true, leftOut: [] })
  expect(await report('everything', everything, [aTool('add'), aTool('echo')])).toEqual({ posted: false, leftOut: [] })
  await report('everything', everything, [aTool('add'), aTool('echo', { title: 'Echo' })])
  await report('everything', everything, [aTool('add')])
  expect(it.reports.map(({ tools }) => tools.length)).toEqual([2, 2, 1])
  expect(it.reports[0]).toMatchObject({ server: 'everything', url: anAddress })
})

test('at another address, or where the policy knows nothing of it, it is told again', async () => {
  await using it = await aControlPlane()
  const report = reportDefinitions(it.control)
  const tools = [aTool('echo')]
  await report('everything', everything, tools)
  expect((await report('everything', serverAt('http://127.0.0.1:3002/mcp'), tools)).posted).toBe(true)
  expect((await report('everything', serverAt('http://127.0.0.1:3002/mcp', []), tools)).posted).toBe(true)
  expect((await report('everything', serverAt('http://127.0.0.1:3002/mcp', []), [])).posted).toBe(true)
  expect((await report('everything', serverAt('http://127.0.0.1:3002/mcp', []), [])).posted).toBe(false)
})

test('what could not be told is told with the next list', async () => {
  await using it = await aControlPlane()
  const report = reportDefinitions(it.control)
  it.state.status = 503
  await expect(report('everything', everything, [aTool('echo')])).rejects.toThrow('503')
  it.state.status = 204
  expect((await report('everything', everything, [aTool('echo')])).posted).toBe(true)
})

test('lists that are told at once arrive in the order they were given', async () => {
  await using it = await aControlPlane()
  const report = reportDefinitions(it.control)
  await Promise.all(['a', 'b', 'c', 'd'].map((name) => report('everything', everything, [aTool(name)])))
  expect(it.reports.map(({ tools }) => tools[0]?.name)).toEqual(['a', 'b', 'c', 'd'])
})

test('a tool that cannot be served is left out, and the others are told', async () => {
  await using it = await aControlPlane()
  const report = reportDefinitions(it.control)
  const bomb: unknown = JSON.parse('[{"a":'.repeat(20_000) + '1' + '}]'.repeat(20_000))
  const tools = [
    aTool('with space'),
    { title: 'no name' },
    aTool('bomb', { inputSchema: bomb }),
    aTool('large', { description: 'x'.repeat(8 * 1024 * 1024) }),
    aTool('echo'),
  ]
  const { posted, leftOut } = await report('everything', everything, tools)
  expect([posted, leftOut]).toEqual([true, ['with space', 'undefined', 'bomb', 'large']])
  expect(it.reports[0]?.tools.map(({ name }) => name)).toEqual(['echo'])
})

test('a definition is fetched by its hash, and is nothing else', async () => {
  const echo = aTool('echo', { description: 'é\u0000' })
  const hash = sha256Hex(canonical(echo))
  await using it = await aControlPlane({ [hash]: canonical(echo), ['0'.repeat(64)]: '{}' })
  expect(await fetchDefinition(it.control, hash)).toEqual(echo)
  await expect(fetchDefinition(it.control, '0'.repeat(64))).rejects.toThrow('other bytes than its name says')
  await expect(fetchDefinition(it.control, 'f'.repeat(64))).rejects.toThrow('404')
})
