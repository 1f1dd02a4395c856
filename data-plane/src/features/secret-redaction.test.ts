import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { RemoteSettings } from '@bir/sdk/contract/remote'
import { expect, test } from 'vitest'
import { modernRequest, SECRET, testPlane } from '../testing/plane.ts'
import { serverOf } from '../upstream/testing.ts'

/**
 * A server that says back whatever it was sent, everywhere a server can say something. Found so in the field:
 * debugging endpoints echo headers.
 */
async function echoing(request: IncomingMessage, response: ServerResponse, spell: (json: string) => string): Promise<void> {
  const { id, method } = JSON.parse(await text(request)) as { id: number; method: string }
  const heard = `heard ${String(request.headers['x-api-key'])}`
  const results: Record<string, object> = {
    'server/discover': {
      resultType: 'complete',
      supportedVersions: ['2026-07-28'],
      capabilities: { tools: {}, resources: {}, prompts: {} },
      instructions: heard,
      ttlMs: 0,
      cacheScope: 'private',
    },
    'tools/list': {
      resultType: 'complete',
      tools: [{ name: 'say', description: heard, inputSchema: { type: 'object' } }],
      ttlMs: 0,
      cacheScope: 'private',
    },
    'tools/call': { resultType: 'complete', content: [{ type: 'text', text: heard }] },
    'prompts/get': { resultType: 'complete', messages: [{ role: 'user', content: { type: 'text', text: heard } }] },
    'resources/read': { resultType: 'complete', contents: [{ uri: 'x:y', text: heard }], ttlMs: 0, cacheScope: 'private' },
    'prompts/list': { resultType: 'complete', prompts: [{ name: heard }], ttlMs: 0, cacheScope: 'private' },
    'resources/list': { resultType: 'complete', resources: [], ttlMs: 0, cacheScope: 'private' },
    'resources/templates/list': { resultType: 'complete', resourceTemplates: [], ttlMs: 0, cacheScope: 'private' },
  }
  const answer = results[method] ? { result: results[method] } : { error: { code: -32_000, message: heard, data: { heard } } }
  response.writeHead(200, { 'content-type': 'application/json' }).end(spell(JSON.stringify({ jsonrpc: '2.0', id, ...answer })))
}

/** Every character of the secret as an escape: the same JSON to whoever reads it. */
const spelt = (json: string) =>
  json.replaceAll(SECRET, (secret) => secret.replaceAll(/./g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`))

async function aPlane(spell = (json: string) => json) {
  const server = await serverOf((request, response) => echoing(request, response, spell))
  const remote = RemoteSettings.parse({ url: server.url, era: '2026-07-28', headers: { 'x-api-key': { secret: 'key' } } })
  const entry = { kind: 'remote' as const, title: 'Echo', remote, tools: { say: { level: 'read' as const } } }
  const plane = await testPlane({ grants: { things: { user: [{ level: 'destroy' }] } } }, [], { things: entry })
  const ask = async (method: string, params: Record<string, unknown> = {}, path = '/mcp/things') => {
    const response = await fetch(plane.url + path, modernRequest(await plane.token(), method, params))
    return response.text()
  }
  return {
    plane,
    ask,
    async [Symbol.asyncDispose]() {
      await plane[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}

test.for([
  ['tools/call', { name: 'say', arguments: {} }],
  ['prompts/get', { name: 'any' }],
  ['prompts/list', {}],
  ['resources/read', { uri: 'x:y' }],
  ['completion/complete', { ref: { type: 'ref/prompt', name: 'a' }, argument: { name: 'a', value: '' } }],
  ['things/unheardOf', {}],
] as const)('a secret that the server says back in %s reaches neither client nor record', async ([method, params]) => {
  await using served = await aPlane()
  const answer = await served.ask(method, params)
  expect(answer).toContain('heard •••')
  expect(answer).not.toContain(SECRET)
  expect(JSON.stringify(served.plane.records())).not.toContain(SECRET)
})

test.for([
  ['tools/call', { name: 'say', arguments: {} }],
  ['prompts/get', { name: 'any' }],
] as const)('a secret that the server spells in escapes in %s is found all the same', async ([method, params]) => {
  await using served = await aPlane(spelt)
  const answer = await served.ask(method, params)
  expect(JSON.stringify(JSON.parse(answer))).toContain('heard •••')
  expect(JSON.stringify(JSON.parse(answer))).not.toContain(SECRET)
  expect(JSON.stringify(served.plane.records())).not.toMatch(/u0074|the-secret/)
})

test('a method nobody knows is recorded like any other, and before it is tried where it may destroy', async () => {
  await using served = await aPlane()
  await served.ask('things/unheardOf', {})
  expect(served.plane.records().map(({ header }) => [header.kind, header.method, header.level])).toEqual([
    ['attempt', 'things/unheardOf', 'destroy'],
    ['call', 'things/unheardOf', 'destroy'],
  ])
})

test.for(['/mcp/things', '/mcp'])(
  'a secret that the server says back in its introduction and descriptions is not shown at %s',
  async (path) => {
    await using served = await aPlane()
    await expect.poll(() => served.ask('tools/list', {}, path), { message: 'the tools of the server' }).toContain('heard •••')
    for (const method of ['server/discover', 'tools/list', 'prompts/list']) {
      const answer = await served.ask(method, {}, path)
      expect(answer, method).toContain('heard •••')
      expect(answer, method).not.toContain(SECRET)
    }
  },
)

test('what one server says is searched for its own secrets, not for those of all servers', async () => {
  const says = (server: string) => (request: IncomingMessage, response: ServerResponse) =>
    echoing(request, response, (json) => json.replaceAll('heard', `${server} knows secret-of-a and secret-of-b,`))
  await using first = await serverOf(says('a'))
  await using second = await serverOf(says('b'))
  const entry = ({ url }: { url: string }, secret: string) => ({
    kind: 'remote' as const,
    title: 'Echo',
    remote: RemoteSettings.parse({ url, era: '2026-07-28', headers: { 'x-api-key': { secret } } }),
    tools: { say: { level: 'read' as const } },
  })
  const user = { user: [{ level: 'read' as const }] }
  const readSecret = ({ secret }: { secret: string }) => Promise.resolve(`secret-of-${secret}`)
  await using plane = await testPlane({ grants: { a: user, b: user } }, [], { a: entry(first, 'a'), b: entry(second, 'b') }, undefined, {
    readSecret,
  })
  const ask = async (server: string) => {
    const request = modernRequest(await plane.token(), 'tools/call', { name: 'say', arguments: {} })
    return (await fetch(`${plane.url}/mcp/${server}`, request)).text()
  }
  expect(await ask('a')).toContain('a knows ••• and secret-of-b, •••')
  expect(await ask('b')).toContain('b knows secret-of-a and •••, •••')
})

test('a session of a legacy server that was sent a secret keeps it hidden after it was renewed, until the session ends', async () => {
  const store = { value: 'the-first-secret' }
  const remembered = new Set<string>()
  await using server = await serverOf(async (request, response) => {
    if (request.method !== 'POST') return response.writeHead(405).end()
    const { id, method } = JSON.parse(await text(request)) as { id?: number; method: string }
    const key = String(request.headers['x-api-key'])
    remembered.add(key)
    if (key !== store.value) return response.writeHead(401).end()
    if (id === undefined) return response.writeHead(202).end()
    const results: Record<string, object> = {
      initialize: { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 's', version: '1' } },
      'tools/list': { tools: [] },
    }
    const result = results[method] ?? { content: [{ type: 'text', text: [...remembered].join(' and ') }] }
    response.writeHead(200, { 'content-type': 'application/json', 'mcp-session-id': 's1' })
    return response.end(JSON.stringify({ jsonrpc: '2.0', id, result }))
  })
  const remote = RemoteSettings.parse({ url: server.url, era: 'legacy', headers: { 'x-api-key': { secret: 'key' } } })
  const entry = { kind: 'remote' as const, title: 'Echo', remote, tools: { say: { level: 'read' as const } } }
  const readSecret = () => Promise.resolve(store.value)
  await using plane = await testPlane({ grants: { things: { user: [{ level: 'read' }] } } }, [], { things: entry }, undefined, {
    readSecret,
  })
  const call = async () => {
    const request = modernRequest(await plane.token(), 'tools/call', { name: 'say', arguments: {} })
    return (await fetch(`${plane.url}/mcp/things`, request)).text()
  }
  expect(await call()).toContain('"text":"•••"')
  store.value = 'the-second-secret'
  await expect.poll(call, { message: 'a call with the new secret' }).toContain('"text":"••• and •••"')
})
