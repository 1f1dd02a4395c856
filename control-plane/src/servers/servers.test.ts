import { expect, test } from 'vitest'
import { create, list as listGrants } from '../grants/grants.ts'
import { set } from '../selections/selections.ts'
import { readEpochsAndKilled } from '../policy-rows/read.ts'
import { aControlPlane, bucketOf } from '../testing.ts'
import { kill, list, put, remove } from './servers.ts'

test('a server lists each tool with its declared level and the level in force', async () => {
  await using it = await aControlPlane()
  const tools = { drop_table: { hidden: true }, execute_query: { level: 'write' as const } }
  expect(await put(it.ctx, { id: 'sql', kind: 'mounted', tools })).toEqual({
    id: 'sql',
    kind: 'mounted',
    killed: false,
    title: 'SQL',
    settings: {},
    tools: [
      { name: 'list_tables', level: 'read', declared: 'read', labelled: false, hidden: false },
      { name: 'execute_query', level: 'write', declared: 'read', labelled: true, hidden: false },
      { name: 'drop_table', level: 'destroy', declared: 'destroy', labelled: false, hidden: true },
    ],
  })
  await put(it.ctx, { id: 'sql', kind: 'mounted', title: 'Bank', tools: {} })
  expect((await list(it.ctx)).items).toMatchObject([{ title: 'Bank', tools: [{}, { level: 'read', labelled: false }, { hidden: false }] }])
})

test('a field of a server that the input lacks stays, and null or {} takes it back', async () => {
  await using it = await aControlPlane()
  await put(it.ctx, { id: 'sql', kind: 'mounted', title: 'Bank', settings: { a: 1 }, tools: { drop_table: { hidden: true } } })
  const kept = { title: 'Bank', settings: { a: 1 }, tools: [{}, {}, { name: 'drop_table', hidden: true }] }
  expect(await put(it.ctx, { id: 'sql', kind: 'mounted' })).toMatchObject(kept)
  expect(await put(it.ctx, { id: 'sql', kind: 'mounted', title: null, settings: {} })).toMatchObject({
    ...kept,
    title: 'SQL',
    settings: {},
  })

  const remote = { id: 'tools', kind: 'remote', url: 'https://tools.example.com/mcp' } as const
  await put(it.ctx, { ...remote, headers: { 'X-Key': { secret: 'k' } }, trust: 'hold', callTimeoutMs: 5000 })
  expect(await put(it.ctx, { ...remote, title: 'Tools' })).toMatchObject({
    title: 'Tools',
    remote: { headers: { 'X-Key': { secret: 'k' } }, trust: 'hold', callTimeoutMs: 5000 },
  })
  const { remote: without } = (await put(it.ctx, { ...remote, callTimeoutMs: null, headers: {} })) as { remote?: object }
  expect(without).toMatchObject({ headers: {}, trust: 'hold' })
  expect(without).not.toHaveProperty('callTimeoutMs')
})

test('the headers and labels of one address never go to another unasked', async () => {
  await using it = await aControlPlane()
  const remote = { id: 'tools', kind: 'remote', url: 'https://tools.example.com/mcp' } as const
  await put(it.ctx, { ...remote, headers: { 'X-Key': { secret: 'k' } }, tools: { wipe: { hidden: true } } })
  const elsewhere = { ...remote, url: 'https://elsewhere.example.com/mcp' }
  await expect(put(it.ctx, elsewhere)).rejects.toMatchObject({
    code: 'invalid_input',
    message:
      'tools gets another address, and a server at another address is another server: name tools, headers too, as it shall be there.',
  })
  expect(await put(it.ctx, { ...elsewhere, tools: {}, headers: {} })).toMatchObject({ remote: { url: elsewhere.url, headers: {} } })
})

test('all faults of a server are reported at once, and nothing is stored', async () => {
  await using it = await aControlPlane()
  const faulty = put(it.ctx, { id: 'sql', kind: 'mounted', settings: { bad: 1 }, tools: { dorp: {}, list_tables: { level: 'disabled' } } })
  await expect(faulty).rejects.toMatchObject({
    code: 'invalid_input',
    message: [
      'settings.bad: is bad',
      'the server sql has no tool dorp',
      'tool list_tables: no tool needs the level disabled; say hidden: true to take it away',
    ].join('\n'),
  })
  const unknown = put(it.ctx, { id: 'gitlab', kind: 'mounted' })
  await expect(unknown).rejects.toMatchObject({ message: 'no server gitlab can be mounted; there are charts, sql' })
  expect((await list(it.ctx)).items).toEqual([])
})

test('the kill switch survives a new description of the server', async () => {
  await using it = await aControlPlane()
  await put(it.ctx, { id: 'sql', kind: 'mounted' })
  await kill(it.ctx, { id: 'sql', killed: true })
  await put(it.ctx, { id: 'sql', kind: 'mounted', title: 'Bank' })
  expect((await readEpochsAndKilled(it.db)).killed).toEqual(['sql'])
  const { revision } = it.published
  expect(await kill(it.ctx, { id: 'sql', killed: true })).toEqual({ revision })
  expect(await kill(it.ctx, { id: 'sql', killed: false })).toEqual({ revision: revision + 1 })
  const kills = it.recorded.filter(({ action }) => action === 'servers.kill')
  expect(kills.map(({ summary }) => summary)).toEqual(['sql: killed', 'sql: revived'])
  await expect(kill(it.ctx, { id: 'gitlab', killed: true })).rejects.toMatchObject({ code: 'not_found' })
})

test('removing a server removes its grants and selections, and makes the buckets of the people concerned dirty', async () => {
  await using it = await aControlPlane()
  const alice = await it.aPerson('alice')
  const bob = await it.aPerson('bob')
  await put(it.ctx, { id: 'sql', kind: 'mounted' })
  await create(it.ctx, { user: 'alice', server: 'sql', level: 'read' })
  await set(it.ctx, { user: 'bob', server: 'sql', level: 'read' })
  await remove(it.ctx, { id: 'sql' })
  expect(it.published.marks).toEqual([...new Set([bucketOf(alice), bucketOf(bob), 'policy'])].sort())
  expect((await listGrants(it.ctx, { first: 10 })).items).toEqual([])
})
