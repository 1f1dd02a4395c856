import { expect, test } from 'vitest'
import { legacyRequest, modernRequest } from '../testing/plane.ts'
import type { TestPlane } from '../testing/plane.ts'
import { modernServer } from '../upstream/modern/testing.ts'
import type { ModernServer } from '../upstream/modern/testing.ts'
import { aRemoteEntry, planeBefore } from '../testing/two-sides.ts'

const view = 'ui://panel/main'
const inputSchema = { type: 'object' }
const tools = [
  { name: 'show', inputSchema, _meta: { ui: { resourceUri: view } } },
  { name: 'refresh', inputSchema, _meta: { ui: { resourceUri: view, visibility: ['app'] } } },
  { name: 'older', inputSchema, _meta: { 'ui/resourceUri': view } },
]
const cached = { resultType: 'complete', ttlMs: 0, cacheScope: 'private' }

/** A server with an app: one of its tools is for the app alone, and is offered only to clients that show apps. */
const appServer = () =>
  modernServer(({ method, params }, say) => {
    const { extensions = {} } = (params._meta['io.modelcontextprotocol/clientCapabilities'] ?? {}) as { extensions?: object }
    const offered = 'io.modelcontextprotocol/ui' in extensions ? tools : tools.filter(({ name }) => name !== 'refresh')
    if (method === 'server/discover')
      return say.result({ ...cached, supportedVersions: ['2026-07-28'], capabilities: { tools: {}, resources: {} } })
    if (method === 'tools/list') return say.result({ ...cached, tools: offered })
    if (method === 'tools/call') return say.result({ resultType: 'complete', content: [{ type: 'text', text: String(params['name']) }] })
    if (method === 'resources/read') return say.result({ ...cached, contents: [{ uri: params['uri'], text: '<html>' }] })
    return say.result({ ...cached, resources: [], resourceTemplates: [] })
  })

const names = tools.map(({ name }) => name)
const entry = ({ url }: ModernServer) => aRemoteEntry(`${url}/mcp`, '2026-07-28', names)

const shows = { extensions: { 'io.modelcontextprotocol/ui': { mimeTypes: ['text/html;profile=mcp-app'] } } }

interface Answer {
  result: {
    tools: { name: string; _meta: { ui: { resourceUri: string }; 'ui/resourceUri': string } }[]
    content: { text: string }[]
    contents: unknown[]
  }
  error: { code: number; message: string }
}

type Ask = (method: string, params?: Record<string, unknown>) => Promise<Answer>

async function modern(plane: TestPlane, path: string, capabilities: object): Promise<Ask> {
  const token = await plane.token()
  const _meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': capabilities }
  return async (method, params = {}) => (await fetch(plane.url + path, modernRequest(token, method, { ...params, _meta }))).json()
}

async function legacy(plane: TestPlane, path: string, capabilities: object): Promise<Ask> {
  const token = await plane.token()
  const begin = { protocolVersion: '2025-11-25', capabilities, clientInfo: { name: 'old', version: '1' } }
  const opened = await fetch(plane.url + path, legacyRequest(token, 'initialize', begin))
  const session = { 'mcp-session-id': opened.headers.get('mcp-session-id') ?? '' }
  return async (method, params) => (await fetch(plane.url + path, legacyRequest(token, method, params, session))).json()
}

const listed = async (ask: Ask): Promise<string[]> => (await ask('tools/list')).result.tools.map(({ name }) => name)

const seen = (plane: TestPlane) => expect.poll(async () => listed(await modern(plane, '/mcp', shows))).toHaveLength(names.length)

test.for([
  ['modern', '/mcp', modern],
  ['modern', '/mcp/panel', modern],
  ['legacy', '/mcp', legacy],
  ['legacy', '/mcp/panel', legacy],
] as const)(
  'a tool for the app alone is listed and called by a %s client at %s that shows apps, and is not there for any other',
  async ([, path, client]) => {
    await using server = await appServer()
    await using plane = await planeBefore({ panel: entry(server) })
    await seen(plane)
    const named = (name: string) => (path === '/mcp' ? `panel_${name}` : name)
    const host = await client(plane, path, shows)
    const plain = await client(plane, path, {})
    expect(await listed(host)).toEqual(names.map(named))
    expect(await listed(plain)).toEqual(['show', 'older'].map(named))
    const call = { name: named('refresh'), arguments: {} }
    expect((await host('tools/call', call)).result.content[0]?.text).toBe('refresh')
    const unknown = (name: string) => ({ code: -32602, message: `Unknown tool: ${name}` })
    expect((await plain('tools/call', call)).error).toEqual(unknown(call.name))
    expect((await plain('tools/call', { name: named('nothing') })).error).toEqual(unknown(named('nothing')))
    expect(plane.records().map(({ header }) => header.reason)).toContain('app-only')
    expect((await plain('tools/call', { name: named('show') })).result.content[0]?.text).toBe('show')
  },
)

test('on /mcp a view keeps its scheme, in either place a tool may name it, and is read by the name it was given', async () => {
  await using server = await appServer()
  await using plane = await planeBefore({ panel: entry(server) })
  await seen(plane)
  const host = await modern(plane, '/mcp', shows)
  const [show, , older] = (await host('tools/list')).result.tools
  expect(show?._meta.ui.resourceUri).toBe('ui://panel/panel/main')
  expect(older?._meta['ui/resourceUri']).toBe('ui://panel/panel/main')
  const read = await host('resources/read', { uri: 'ui://panel/panel/main' })
  expect(read.result.contents).toEqual([{ uri: 'ui://panel/panel/main', text: '<html>' }])
  expect(server.asked.findLast(({ method }) => method === 'resources/read')?.params['uri']).toBe(view)
})

test.for(['/mcp', '/mcp/panel'])('at %s a view that a person may not read is not named to them', async (path) => {
  await using server = await appServer()
  const allow = { user: [{ level: 'read' as const, allow: [...names] }] }
  await using plane = await planeBefore({ panel: entry(server) }, { panel: allow })
  await seen(plane)
  const host = await modern(plane, path, shows)
  const { result } = await host('tools/list')
  expect(result.tools).toHaveLength(3)
  expect(JSON.stringify(result)).not.toContain('ui://')
  const uri = path === '/mcp' ? 'ui://panel/panel/main' : view
  expect((await host('resources/read', { uri })).error.code).toBe(-32602)
})
