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
      settings: { url: 'http://127.0.0.1:1', proxy: { url, user: 'gateway', password: { secret: 'proxy-password' } } },
    })
  await through('http://proxy.example:3128')
  await put(it.ctx, { server: 'gitlab', shared: true, fields: { 'proxy-password': 'fake-1' } })
  await put(it.ctx, { server: 'gitlab', user: 'alice', fields: { token: 'glpat-fake' }, unchecked: true })
  expect(await it.states('gitlab')).toEqual(['unchecked', 'unchecked'])
  await through('http://elsewhere.example:3128')
  expect(await it.states('gitlab')).toEqual(['unchecked', 'moved'])
})
