import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { RemoteSettings } from '@bir/sdk/contract/remote'
import { expect, test } from 'vitest'
import { modernRequest, SECRET, testPlane } from '../testing/plane.ts'
import { serverOf } from '../upstream/testing.ts'

/** A server that says back whatever it was sent, everywhere a server can say something. Found so in the field: debugging endpoints echo headers. */
async function echoing(request: IncomingMessage, response: ServerResponse, spell: (json: string) => string): Promise<void> {
  const { id, method } = JSON.parse(await text(request)) as { id: number; method: string }
  const heard = `heard ${String(request.headers['x-api-key'])}`
  const results: Record<string, object> = {
    'server/discover': {
      resultType: 'complete',
      supportedVersions: ['2026-07-28'],
      capabilities: { tools: {}, resources: {}, prompts: {} },
      ttlMs: 0,
      cacheScope: 'private',
    },
    'tools/list': { resultType: 'complete', tools: [{ name: 'say', inputSchema: { type: 'object' } }], ttlMs: 0, cacheScope: 'private' },
    'tools/call': { resultType: 'complete', content: [{ type: 'text', text: heard }] },
    'prompts/get': { resultType: 'complete', messages: [{ role: 'user', content: { type: 'text', text: heard } }] },
    'resources/read': { resultType: 'complete', contents: [{ uri: 'x:y', text: heard }], ttlMs: 0, cacheScope: 'private' },
    'prompts/list': { resultType: 'complete', prompts: [{ name: heard }], ttlMs: 0, cacheScope: 'private' },
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
  const ask = async (method: string, params: Record<string, unknown>) => {
    const response = await fetch(`${plane.url}/mcp/things`, modernRequest(await plane.token(), method, params))
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
