import { expect, test } from 'vitest'
import { asked } from '../../upstream/mounted/testing.ts'
import { plainHealth } from '../../upstream/upstream.ts'
import type { GatewayView } from '../../server-kit/gateway-view.ts'
import server from './index.ts'

const inputSchema = {
  type: 'object',
  properties: { text: { type: 'string', description: 'What to say' }, times: { type: 'integer', default: 1 } },
  required: ['text', 'times'],
}
const refusedCall = {
  atMs: 0,
  server: 'things',
  tool: 'drop_thing',
  outcome: 'refused',
  reason: 'refused_by_policy',
  durationMs: 1,
  argsBytes: 2,
  resultBytes: 3,
  call: 'c-1',
}

const gateway: GatewayView = {
  authentication: { client: 'test', actor: undefined, tokenId: 't', expiresAtMs: 0, sessionId: undefined },
  revision: 7,
  limits: { ratePerSecond: 60, rateBurst: 300, callsAtOnce: 64, streamsAtOnce: 100, truncateChars: 1000, callTimeoutMs: 1000 },
  servers: () => [
    {
      id: 'things',
      health: plainHealth('up', 'mounted'),
      title: 'Things',
      tools: [
        { name: 'say_thing', description: 'Says a thing.', needs: 'read', level: 'write', inputSchema },
        { name: 'drop_thing', description: 'Drops it.', needs: 'destroy', reason: 'level-too-low', inputSchema },
      ],
    },
  ],
  calls: () => [refusedCall, { ...refusedCall, call: 'c-2', outcome: 'answered' }],
  check: async () => [],
}

const { ask } = asked(server, { gateway })
const read = async (uri: string) => String((await ask('resources/read', { uri }))['contents']?.[0 as never]?.['text'])

test('gateway://me and gateway://servers have the content of whoami and list_servers', async () => {
  expect(JSON.parse(await read('gateway://me'))).toMatchObject({ user: 'alice', client: 'test', policy_revision: 7 })
  expect(JSON.parse(await read('gateway://servers'))).toEqual({
    items: [{ server: 'things', title: 'Things', usable_tools: 1, refused_tools: 1, state: 'up', speaks: 'mounted' }],
    count: 1,
  })
})

test('the help of a tool that the caller can use names every argument', async () => {
  const help = await read('gateway://tools/things_say_thing')
  expect(help).toContain('# things_say_thing\n\nSays a thing.\n\nNeeds the level read.')
  expect(help).toContain('- `text` (string; required): What to say\n- `times` (integer; default 1)')
})

test('asking for help on a refused tool and on an unknown tool gives the same error', async () => {
  const refusal = async (name: string) => {
    const error = await ask('resources/read', { uri: `gateway://tools/${name}` }).catch((cause: unknown) => cause)
    return String(error).replaceAll(name, '@')
  }
  expect(await refusal('things_drop_thing')).toBe(await refusal('nothing'))
})

test('completion offers only usable tools, only granted servers, only calls that were not answered', async () => {
  const complete = async (ref: object, name: string) =>
    (await ask('completion/complete', { ref, argument: { name, value: '' } }))['completion']
  expect(await complete({ type: 'ref/resource', uri: 'gateway://tools/{name}' }, 'name')).toMatchObject({ values: ['things_say_thing'] })
  expect(await complete({ type: 'ref/prompt', name: 'connect_system' }, 'server')).toMatchObject({ values: ['things'] })
  expect(await complete({ type: 'ref/prompt', name: 'why_was_i_refused' }, 'call')).toMatchObject({ values: ['c-1'] })
})

test('connect_system lists usable and refused tools, and nothing of a server without a grant', async () => {
  const { messages } = await ask('prompts/get', { name: 'connect_system', arguments: { server: 'things' } })
  expect(JSON.stringify(messages)).toContain('- drop_thing (needs destroy): refused, level-too-low')
  await expect(ask('prompts/get', { name: 'connect_system', arguments: { server: 'sql' } })).rejects.toMatchObject({ code: -32602 })
})

test('why_was_i_refused describes the call and the current permission', async () => {
  const { messages } = await ask('prompts/get', { name: 'why_was_i_refused', arguments: { call: 'c-1' } })
  expect(JSON.stringify(messages)).toContain('- reason: refused_by_policy')
  expect(JSON.stringify(messages)).toContain('nothing, level-too-low (it needs destroy)')
  await expect(ask('prompts/get', { name: 'why_was_i_refused', arguments: { call: 'c-9' } })).rejects.toMatchObject({ code: -32602 })
})
