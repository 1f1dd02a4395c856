import { mountedServers } from '@bir/data-plane/catalog'
import { expect, test } from 'vitest'
import { put as putServer } from '../../servers/servers.ts'
import { check } from '../operations/check.ts'
import { list } from '../operations/list.ts'
import { put } from '../operations/put.ts'
import { aSecretWorld } from '../testing.ts'

async function aWorld() {
  const it = await aSecretWorld()
  it.ctx.catalog = new Map([...it.ctx.catalog, ...[...mountedServers].filter(([id]) => id === 'sql' || id === 'gitlab')])
  const states = async (server: string) => (await list(it.ctx, { first: 9, server })).items.map(({ state }) => state)
  return { ...it, states }
}

const connection = (host: string, password: string) => ({
  kind: 'postgres',
  host,
  // Nothing listens there.
  port: 1,
  database: 'bank',
  user: 'reader',
  password: { secret: password },
})

test('a password that settings take from the shared secret goes to the database for which it was given, and to no other', async () => {
  await using it = await aWorld()
  const sql = (connections: object) =>
    putServer(it.ctx, { id: 'sql', kind: 'mounted', secret: { unchecked: true }, settings: { connections } })
  await sql({ bank: connection('127.0.0.1', 'bank-password') })
  const given = { server: 'sql', shared: true, fields: { 'bank-password': 'fake-1' }, unchecked: true }
  expect(await put(it.ctx, given)).toMatchObject({ saved: true, verdict: 'unreachable', state: 'unchecked' })

  const other = { shop: connection('127.0.0.2', 'shop-password') }
  await sql({ bank: connection('127.0.0.1', 'bank-password'), ...other })
  expect(await it.states('sql')).toEqual(['unchecked'])
  const otherGiven = { ...given, fields: { 'shop-password': 'fake-2' } }
  expect(await put(it.ctx, otherGiven)).toMatchObject({ saved: true })
  await sql({ bank: connection('127.0.0.1', 'bank-password') })
  expect(await it.states('sql')).toEqual(['unchecked'])

  await sql({ bank: connection('127.0.0.3', 'bank-password') })
  expect(await it.states('sql')).toEqual(['moved'])
  expect(await check(it.ctx, { server: 'sql', shared: true })).toMatchObject({ verdict: 'unchecked', state: 'moved' })
  // Only what is given anew is kept: the other password was given for another address.
  expect(await put(it.ctx, given)).toMatchObject({ saved: true })
  expect((await it.ctx.secrets.store.read({ holder: { kind: 'shared' }, server: 'sql' }))?.fields).toEqual(given.fields)
  expect(await it.states('sql')).toEqual(['unchecked'])
})

test('the password for a proxy goes to that proxy alone, and tokens of people stay where they are', async () => {
  await using it = await aWorld()
  const through = (url: string) =>
    putServer(it.ctx, {
      id: 'gitlab',
      kind: 'mounted',
      secret: { unchecked: true },
      settings: { url: 'https://127.0.0.1:1', proxy: { url, user: 'gateway', password: { secret: 'proxy-password' } } },
    })
  await through('http://proxy.example:3128')
  await put(it.ctx, { server: 'gitlab', shared: true, fields: { 'proxy-password': 'fake-1' } })
  await put(it.ctx, { server: 'gitlab', user: 'alice', fields: { token: 'glpat-fake' }, unchecked: true })
  expect(await it.states('gitlab')).toEqual(['unchecked', 'unchecked'])
  await through('http://elsewhere.example:3128')
  expect(await it.states('gitlab')).toEqual(['unchecked', 'moved'])
})

test('a token of a person goes to no other path, and by no other proxy where that one can read it', async () => {
  await using it = await aWorld()
  const at = (url: string, proxy?: string) =>
    putServer(it.ctx, {
      id: 'gitlab',
      kind: 'mounted',
      secret: { unchecked: true },
      settings: { url, ...(proxy !== undefined && { proxy: { url: proxy } }) },
    })
  const give = () => put(it.ctx, { server: 'gitlab', user: 'alice', fields: { token: 'glpat-fake' }, unchecked: true })
  const afterMoving = async (from: readonly [string, string?], to: readonly [string, string?]) => {
    await at(...from)
    await give()
    await at(...to)
    return (await it.states('gitlab'))[0]
  }
  const proxies = ['http://127.0.0.1:2', 'http://127.0.0.1:3'] as const
  expect(await afterMoving(['http://127.0.0.1:1/a'], ['http://127.0.0.1:1/a/'])).toBe('unchecked')
  expect(await afterMoving(['http://127.0.0.1:1'], ['http://127.0.0.1:1/a'])).toBe('moved')
  expect(await afterMoving(['http://127.0.0.1:1'], ['http://127.0.0.1:1', proxies[0]])).toBe('moved')
  expect(await afterMoving(['http://127.0.0.1:1', proxies[0]], ['http://127.0.0.1:1', proxies[1]])).toBe('moved')
  expect(await afterMoving(['https://127.0.0.1:1', proxies[0]], ['https://127.0.0.1:1', proxies[1]])).toBe('unchecked')
})

test('a secret that was saved before paths counted is good where its server is now, and moves with it as every other', async () => {
  await using it = await aWorld()
  const at = (url: string, title = 'GitLab') =>
    putServer(it.ctx, { id: 'gitlab', kind: 'mounted', title, secret: { unchecked: true }, settings: { url } })
  await at('http://127.0.0.1:1/a')
  await put(it.ctx, { server: 'gitlab', user: 'alice', fields: { token: 'glpat-fake' }, unchecked: true })
  const audience = async () => (await it.db.selectFrom('secrets').select('audience').executeTakeFirstOrThrow()).audience
  expect(await audience()).toBe('http://127.0.0.1:1/a/')
  await it.db.updateTable('secrets').set({ audience: 'http://127.0.0.1:1' }).execute()

  await at('http://127.0.0.1:1/a', 'Another title')
  expect(await it.states('gitlab')).toEqual(['unchecked'])
  expect(await check(it.ctx, { server: 'gitlab', user: 'alice' })).toMatchObject({ verdict: 'unreachable' })
  await at('http://127.0.0.1:1/b')
  expect(await it.states('gitlab')).toEqual(['moved'])
  expect(await check(it.ctx, { server: 'gitlab', user: 'alice' })).toMatchObject({ verdict: 'unchecked', state: 'moved' })
  expect(await audience()).toBe('http://127.0.0.1:1/a/')
})
