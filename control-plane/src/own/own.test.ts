import { FIRST_PREV } from '@bir/sdk/contract/audit'
import { mountedServers } from '@bir/data-plane/catalog'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import { expect, test } from 'vitest'
import { ingest } from '../audit/ingest.ts'
import { parseBatch } from '../audit/batch.ts'
import { aChain, ndjson } from '../audit/testing.ts'
import { create } from '../grants/grants.ts'
import { kill, put as putServer } from '../servers/servers.ts'
import { set } from '../selections/selections.ts'
import { aControlPlane } from '../testing.ts'
import { activity } from './activity.ts'
import { clients } from './clients.ts'
import { servers } from './servers.ts'

async function withAlice() {
  const it = await aControlPlane()
  it.ctx.catalog = mountedServers
  const settings = { sql: { connections: {} }, charts: {}, gitlab: { url: 'https://gitlab.test' } }
  for (const [id, values] of Object.entries(settings)) await putServer(it.ctx, { id, kind: 'mounted', settings: values })
  const row = await it.aPerson('alice')
  return { ...it, row, alice: await it.as('alice') }
}

test('a person sees the servers that grants open to them, with the ceiling, what they selected, and what is missing', async () => {
  await using it = await withAlice()
  expect(await servers(it.alice)).toEqual({ items: [] })
  await create(it.ctx, { user: 'alice', server: 'gitlab', level: 'write' })
  await create(it.ctx, { everyone: true, server: 'sql', level: 'read' })
  await set(it.alice, { user: 'alice', server: 'gitlab', level: 'read', off: ['search'] })
  const { items } = await servers(it.alice)
  expect(items.map(({ id, ceiling, level, selected, secret }) => [id, ceiling, level, selected, secret])).toEqual([
    ['gitlab', 'write', 'read', 'read', { usable: false, why: 'missing', level: null }],
    ['sql', 'read', 'read', null, null],
  ])
  const tool = (name: string) => items[0]?.tools.find((one) => one.name === name)
  expect(tool('search')).toMatchObject({ level: 'read', allowed: false, reason: 'switched-off', granted: true, off: true })
  expect(tool('save_issue')).toMatchObject({ level: 'write', allowed: false, reason: 'selected-lower', granted: true, off: false })
  expect(tool('delete_branch')).toMatchObject({ level: 'destroy', allowed: false, reason: 'level-too-low', granted: false })
  expect(tool('get_file')).toMatchObject({ allowed: false, reason: 'secret-missing', granted: true, description: expect.any(String) })
})

test('a server that is switched off for everybody is shown as such', async () => {
  await using it = await withAlice()
  await create(it.ctx, { user: 'alice', server: 'sql', level: 'read' })
  await kill(it.ctx, { id: 'sql', killed: true })
  expect((await servers(it.alice)).items).toMatchObject([{ id: 'sql', killed: true, ceiling: 'read' }])
})

test('a person finds their own records, and none of somebody who had their handle before', async () => {
  await using it = await withAlice()
  const chain = aChain()
  const said = { subject: it.row.id, handle: 'alice', method: 'tools/call', server: 'sql', tool: 'execute_query' }
  const atMs = Date.now() - 60_000
  const records = [
    chain.add({ ...said, client: 'claude', atMs }),
    chain.add({ ...said, subject: uuidv7(), client: 'theirs', atMs: atMs + 1 }),
    chain.add({ ...said, client: 'cursor', outcome: 'refused', atMs: atMs + 2 }),
    chain.add({ handle: 'bob', subject: uuidv7(), client: 'bobs', atMs: atMs + 3 }),
  ]
  await it.db.insertInto('audit_chains').values({ plane: chain.plane, seq: 0, hash: FIRST_PREV }).execute()
  await ingest(it.db, chain, parseBatch(ndjson(records), chain.plane), Date.now())
  const found = async (filters: object = {}) => (await activity(it.alice, { first: 10, ...filters })).items.map(({ client }) => client)
  expect(await found()).toEqual(['cursor', 'claude'])
  expect(await found({ outcome: 'refused' })).toEqual(['cursor'])
  expect(await found({ server: 'charts' })).toEqual([])
  expect(await clients(it.alice, {})).toEqual({
    items: [
      { client: 'cursor', name: null, lastAt: new Date(atMs + 2).toISOString() },
      { client: 'claude', name: null, lastAt: new Date(atMs).toISOString() },
    ],
  })
  expect((await clients(it.alice, { since: new Date(atMs + 1).toISOString() })).items).toMatchObject([{ client: 'cursor' }])
})

test('an operator is no person, and has nothing of their own', async () => {
  await using it = await withAlice()
  await expect(servers(it.ctx)).rejects.toMatchObject({ code: 'forbidden' })
  await expect(activity(it.ctx, { first: 1 })).rejects.toMatchObject({ code: 'forbidden' })
})
