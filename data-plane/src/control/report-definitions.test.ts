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

/** Plays the control plane: keeps posted reports, and answers POST with `state.status`. */
async function aControlPlane(definitions: Record<string, string> = {}) {
  const reports: DefinitionsReport[] = []
  const state = { status: 204 }
  const server = await serverOf(async (request, response) => {
    const body = await text(request)
    if (request.method === 'POST' && state.status === 204) reports.push(DefinitionsReport.parse(JSON.parse(body)))
    if (request.method === 'POST') return void response.writeHead(state.status).end()
    const definition = definitions[request.url?.split('/').at(-1) ?? '']
    response.writeHead(definition === undefined ? 404 : 200).end(definition)
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

test('the tools of a server are reported once, and again when they change', async () => {
  await using controlPlane = await aControlPlane()
  const report = reportDefinitions(controlPlane.control)
  expect(await report('everything', everything, [aTool('echo'), aTool('add')])).toEqual({ posted: true, leftOut: [] })
  expect(await report('everything', everything, [aTool('add'), aTool('echo')])).toEqual({ posted: false, leftOut: [] })
  await report('everything', everything, [aTool('add'), aTool('echo', { title: 'Echo' })])
  await report('everything', everything, [aTool('add')])
  expect(controlPlane.reports.map(({ tools }) => tools.length)).toEqual([2, 2, 1])
  expect(controlPlane.reports[0]).toMatchObject({ server: 'everything', url: anAddress })
})

test('a server is reported again at another address, and when the policy has none of its tools', async () => {
  await using controlPlane = await aControlPlane()
  const report = reportDefinitions(controlPlane.control)
  const tools = [aTool('echo')]
  await report('everything', everything, tools)
  expect((await report('everything', serverAt('http://127.0.0.1:3002/mcp'), tools)).posted).toBe(true)
  expect((await report('everything', serverAt('http://127.0.0.1:3002/mcp', []), tools)).posted).toBe(true)
  expect((await report('everything', serverAt('http://127.0.0.1:3002/mcp', []), [])).posted).toBe(true)
  expect((await report('everything', serverAt('http://127.0.0.1:3002/mcp', []), [])).posted).toBe(false)
})

test('after a failed report the next list is reported', async () => {
  await using controlPlane = await aControlPlane()
  const report = reportDefinitions(controlPlane.control)
  controlPlane.state.status = 503
  await expect(report('everything', everything, [aTool('echo')])).rejects.toThrow('503')
  controlPlane.state.status = 204
  expect((await report('everything', everything, [aTool('echo')])).posted).toBe(true)
})

test('lists that are reported at the same time arrive in order', async () => {
  await using controlPlane = await aControlPlane()
  const report = reportDefinitions(controlPlane.control)
  await Promise.all(['a', 'b', 'c', 'd'].map((name) => report('everything', everything, [aTool(name)])))
  expect(controlPlane.reports.map(({ tools }) => tools[0]?.name)).toEqual(['a', 'b', 'c', 'd'])
})

test('a tool that cannot be served is left out, and the others are reported by the names of the policy', async () => {
  await using controlPlane = await aControlPlane()
  const report = reportDefinitions(controlPlane.control)
  const bomb: unknown = JSON.parse('[{"a":'.repeat(20_000) + '1' + '}]'.repeat(20_000))
  const tools = [
    aTool('repo/list'),
    { title: 'no name' },
    aTool('bomb', { inputSchema: bomb }),
    aTool('large', { description: 'x'.repeat(8 * 1024 * 1024) }),
    aTool('echo'),
  ]
  const { posted, leftOut } = await report('everything', everything, tools)
  expect([posted, leftOut]).toEqual([true, ['', 'bomb', 'large']])
  expect(controlPlane.reports[0]?.tools.map(({ name, definition }) => [name, definition['name']])).toEqual([
    ['repo_list_4pxwgxtx', 'repo/list'],
    ['echo', 'echo'],
  ])
})

test('a definition is fetched by its hash, and refused when its bytes do not match', async () => {
  const echo = aTool('echo', { description: 'é\u0000' })
  const hash = sha256Hex(canonical(echo))
  await using controlPlane = await aControlPlane({ [hash]: canonical(echo), ['0'.repeat(64)]: '{}' })
  expect(await fetchDefinition(controlPlane.control, hash)).toEqual(echo)
  await expect(fetchDefinition(controlPlane.control, '0'.repeat(64))).rejects.toThrow('other bytes than its name says')
  await expect(fetchDefinition(controlPlane.control, 'f'.repeat(64))).rejects.toThrow('404')
})
