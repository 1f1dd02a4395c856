import type { RemoteHealth } from '@bir/sdk/contract/internal'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import { expect, test } from 'vitest'
import { aControlPlane } from '../testing.ts'
import { health, storeHealth } from './health.ts'
import { put, remove } from './servers.ts'

const url = 'https://notes.example.com/mcp'
const up: RemoteHealth = {
  server: 'notes',
  url,
  state: 'up',
  era: 'modern',
  breaker: 'closed',
  lastSuccessAtMs: 1_700_000_000_000,
  latencyMs: 3.5,
}

async function withServers() {
  const it = await aControlPlane()
  await put(it.ctx, { id: 'notes', kind: 'remote', url })
  await put(it.ctx, { id: 'sql', kind: 'mounted' })
  const aPlane = async (name: string) => {
    const id = uuidv7()
    await it.db.insertInto('planes').values({ id, name, public_jwk: '{}', sealing_jwk: '{}', internal_url: null }).execute()
    return id
  }
  return { ...it, aPlane }
}

test('each plane reports the health of a server, and a plane without a report is listed as unknown', async () => {
  await using it = await withServers()
  const [one, two] = [await it.aPlane('plane-1'), await it.aPlane('plane-2')]
  await storeHealth(it.db, one, [up])
  const { items } = await health(it.ctx, {})
  expect(items).toMatchObject([
    {
      server: 'notes',
      plane: one,
      planeName: 'plane-1',
      state: 'up',
      era: 'modern',
      breaker: 'closed',
      lastSuccessAt: '2023-11-14T22:13:20.000Z',
      lastError: null,
      latencyMs: 3.5,
      stale: false,
    },
    { server: 'notes', plane: two, state: 'unknown', reportedAt: null, stale: true },
  ])
  await storeHealth(it.db, one, [
    { ...up, state: 'down', breaker: 'open', lastError: 'connection\0 refused', lastErrorAtMs: 1_700_000_060_000 },
  ])
  expect((await health(it.ctx, { id: 'notes' })).items[0]).toMatchObject({
    state: 'down',
    breaker: 'open',
    lastError: 'connection refused',
    lastErrorAt: '2023-11-14T22:14:20.000Z',
    killed: false,
  })
  await it.db.updateTable('servers').set({ killed: true }).where('id', '=', 'notes').execute()
  expect((await health(it.ctx, { id: 'notes' })).items[0]).toMatchObject({ state: 'down', killed: true })
})

test('the last report of a silent plane is listed and marked as stale', async () => {
  await using it = await withServers()
  const plane = await it.aPlane('plane-1')
  await storeHealth(it.db, plane, [up])
  const threeMinutesAgo = new Date(Date.now() - 180_000)
  await it.db.updateTable('server_health').set({ reported_at: threeMinutesAgo }).execute()
  expect((await health(it.ctx, {})).items).toMatchObject([{ state: 'up', stale: true, reportedAt: threeMinutesAgo.toISOString() }])
  await storeHealth(it.db, plane, [up])
  expect((await health(it.ctx, {})).items).toMatchObject([{ stale: false }])
})

test('reports about an old address of a server are ignored', async () => {
  await using it = await withServers()
  const plane = await it.aPlane('plane-1')
  await storeHealth(it.db, plane, [up])
  await put(it.ctx, { id: 'notes', kind: 'remote', url: 'https://elsewhere.example.com/mcp' })
  await storeHealth(it.db, plane, [up, { ...up, server: 'nothing' }, { ...up, server: 'sql' }])
  expect((await health(it.ctx, {})).items).toMatchObject([{ server: 'notes', state: 'unknown', reportedAt: null }])
})

test('expelled planes and removed servers are not listed, and a server that is not remote is not found', async () => {
  await using it = await withServers()
  const plane = await it.aPlane('plane-1')
  await storeHealth(it.db, plane, [up])
  await it.db.updateTable('planes').set({ expelled_at: new Date() }).where('id', '=', plane).execute()
  expect((await health(it.ctx, {})).items).toEqual([])
  await remove(it.ctx, { id: 'notes' })
  expect(await it.db.selectFrom('server_health').selectAll().execute()).toEqual([])
  for (const id of ['notes', 'sql']) await expect(health(it.ctx, { id })).rejects.toMatchObject({ code: 'not_found' })
})
