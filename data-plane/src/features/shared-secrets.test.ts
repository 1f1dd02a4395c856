import { RemoteSettings } from '@bir/sdk/contract/remote'
import type { SecretEntry } from '@bir/sdk/contract/snapshot'
import { SECRET_USABLE } from '@bir/sdk/contract/snapshot'
import { expect, test } from 'vitest'
import { StoreUnavailable } from '../secrets/reader.ts'
import { modernRequest, testPlane } from '../testing/plane.ts'
import { modernServer } from '../upstream/modern/testing.ts'

const usable: SecretEntry = { version: 1, state: SECRET_USABLE }

/** A plane before a server that is sent a key; the folder of files has one, and the store what the test says. */
async function aPlane(shared: SecretEntry | undefined, fields: () => Record<string, string>) {
  const server = await modernServer((asked, say) => {
    if (asked.method !== 'tools/call') return 'as usual'
    say.result({ resultType: 'complete', content: [{ type: 'text', text: `heard ${String(asked.headers['x-key'])}` }] })
  })
  const entry = (secret?: SecretEntry) => ({
    kind: 'remote' as const,
    title: 'Things',
    remote: RemoteSettings.parse({ url: `${server.url}/mcp`, era: '2026-07-28', headers: { 'x-key': { secret: 'key' } } }),
    tools: { say: { level: 'read' as const } },
    ...(secret && { secret: { shared: secret } }),
  })
  const plane = await testPlane({ grants: { things: { user: [{ level: 'read' }] } } }, [], { things: entry(shared) }, undefined, {
    readSecret: () => Promise.resolve('key-of-the-file'),
    secretReader: { read: async ({ holder }) => (holder.kind === 'shared' ? fields() : undefined), close: async () => undefined },
  })
  return {
    use: (now: SecretEntry) => plane.use({ servers: { things: entry(now) } }),
    call: async () =>
      (await fetch(`${plane.url}/mcp/things`, modernRequest(await plane.token(), 'tools/call', { name: 'say', arguments: {} }))).text(),
    sent: () => server.asked.flatMap(({ method, headers }) => (method === 'tools/call' ? [headers['x-key']] : [])),
    async [Symbol.asyncDispose]() {
      await plane[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}

test('a header takes its value from the secret that all share, which no answer shows', async () => {
  await using given = await aPlane(usable, () => ({ key: 'key-of-the-store' }))
  expect(await given.call()).toContain('heard •••')
  expect(given.sent()).toEqual(['key-of-the-store'])
})

test('a shared secret that was replaced or refused is not sent any more from the next call on', async () => {
  const keys = ['key-of-the-store', 'key-that-is-newer']
  await using given = await aPlane(usable, () => ({ key: keys.shift() ?? 'key-that-nobody-gave' }))
  await given.call()
  given.use({ ...usable, version: 2 })
  await given.call()
  given.use({ ...usable, version: 2, state: 2 })
  expect(await given.call()).toContain('secret_missing')
  expect(given.sent()).toEqual(['key-of-the-store', 'key-that-is-newer'])
})

test.for<[string, SecretEntry | undefined, Record<string, string>]>([
  ['there is no secret that all share', undefined, {}],
  ['it has no such field', usable, { another: 'value-of-another' }],
])('the file is sent where %s', async ([, shared, fields]) => {
  await using given = await aPlane(shared, () => fields)
  expect(await given.call()).toContain('heard •••')
  expect(given.sent()).toEqual(['key-of-the-file'])
})

test.for<[string, SecretEntry, () => Record<string, string>]>([
  [
    'the store does not answer',
    usable,
    () => {
      throw new StoreUnavailable('the store is away')
    },
  ],
  ['it is not usable', { ...usable, state: 2 }, () => ({ key: 'key-of-the-store' })],
])('nothing is sent where there is a shared secret and %s: the file does not take its place', async ([, shared, fields]) => {
  await using given = await aPlane(shared, fields)
  expect(await given.call()).toContain('secret_missing')
  expect(given.sent()).toEqual([])
})
