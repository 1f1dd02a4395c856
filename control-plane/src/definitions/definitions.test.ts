import { ServersChunk } from '@bir/sdk/contract/snapshot'
import { expect, test } from 'vitest'
import type { Ctx } from '../base/context.ts'
import { put, list as listServers } from '../servers/servers.ts'
import { compileServers } from '../compile/compile.ts'
import { readPolicyRows } from '../policy-rows/read.ts'
import { aCatalog, aControlPlane } from '../testing.ts'
import { approve } from './approve.ts'
import { list } from './definitions.ts'
import { acceptReport } from './report.ts'
import { anAddress, aTool, reported, standing } from './testing.ts'

type Trust = 'off' | 'warn' | 'hold'

const register = (ctx: Ctx, more: object = {}) => put(ctx, { id: 'everything', kind: 'remote', url: anAddress, ...more })

/** What planes are given: tool by tool, whose definition. */
async function served({ db }: Ctx): Promise<Record<string, string | undefined>> {
  const { servers, definitions } = await readPolicyRows(db)
  const entry = ServersChunk.parse(compileServers(servers, aCatalog, definitions)).servers.everything
  return Object.fromEntries(Object.entries(entry?.tools ?? {}).map(([name, { definition }]) => [name, definition]))
}

const hashes = async (ctx: Ctx) => {
  const { items } = await list(ctx, { id: 'everything' })
  return Object.fromEntries(items.map(({ name, hash }) => [name, hash]))
}

const shortHashes = async (ctx: Ctx) => {
  const { items } = await list(ctx, { id: 'everything' })
  return Object.fromEntries(items.map(({ name, shortHash }) => [name, shortHash]))
}
/** Approves these tools, looked at as they are offered now. */
async function approveSeen(ctx: Ctx, ...names: string[]) {
  const seen = await shortHashes(ctx)
  return approve(ctx, { id: 'everything', seen: Object.fromEntries(names.map((name) => [name, seen[name] ?? ''])) })
}

const echo = aTool('echo')
const changedEcho = aTool('echo', { description: 'Does echo, and more.' })

test.for(['off', 'warn', 'hold'] as Trust[])('registering a server approves its first definitions, with trust %s', async (trust) => {
  await using it = await aControlPlane()
  await register(it.ctx, { trust })
  await reported(it.ctx, [])
  await reported(it.ctx, [echo, aTool('add')])
  expect(await standing(it.ctx)).toEqual({ add: 'approved', echo: 'approved' })
  expect((await list(it.ctx, { id: 'everything' })).items).toMatchObject([
    { decidedBy: 'registration (operator:test)', level: 'write' },
    { decidedBy: 'registration (operator:test)', level: 'read' },
  ])
  expect(it.recorded.at(-1)).toMatchObject({
    action: 'definitions.report',
    target: 'everything',
    actor: 'plane:one',
    detail: 'first definitions, approved by registration (operator:test): 2',
  })
  expect(await served(it.ctx)).toEqual(await hashes(it.ctx))
})

test.for(['off', 'warn', 'hold'] as Trust[])(
  'of a server that is sent a secret of each person, what one is not offered is not gone, with trust %s',
  async (trust) => {
    await using it = await aControlPlane()
    await register(it.ctx, { trust, headers: { authorization: { secret: 'token', of: 'person' } } })
    await reported(it.ctx, [echo, aTool('add')])
    const all = await served(it.ctx)
    await reported(it.ctx, [echo])
    expect(await served(it.ctx)).toEqual(all)
    expect(await standing(it.ctx)).toEqual({ add: 'approved', echo: 'approved' })
  },
)

test('trust `hold`: new and changed definitions are held back, and approved ones stay served, until an administrator approves', async () => {
  await using it = await aControlPlane()
  await register(it.ctx, { trust: 'hold' })
  await reported(it.ctx, [echo])
  const before = await served(it.ctx)
  await reported(it.ctx, [changedEcho, aTool('delete_all')])
  expect(await standing(it.ctx)).toEqual({ delete_all: 'held, new', echo: 'held, changed' })
  expect(await served(it.ctx)).toEqual(before)

  const { items } = await list(it.ctx, { id: 'everything' })
  expect(items).toMatchObject([
    { name: 'delete_all', approved: null, offered: { name: 'delete_all' }, difference: [] },
    {
      name: 'echo',
      approved: { description: 'Does echo.' },
      offered: { description: 'Does echo, and more.' },
      difference: ['description was "Does echo.", and is "Does echo, and more."'],
    },
  ])
  expect(await approveSeen(it.ctx, 'echo')).toMatchObject({ approved: ['echo'] })
  expect(await standing(it.ctx)).toEqual({ delete_all: 'held, new', echo: 'approved' })
  expect(await served(it.ctx)).toEqual({ echo: items[1]?.hash })
  expect(await approveSeen(it.ctx, 'echo', 'delete_all')).toMatchObject({ approved: ['delete_all'] })
  expect(await served(it.ctx)).toEqual(await hashes(it.ctx))
  expect(it.recorded.at(-1)).toMatchObject({ action: 'servers.approve', target: 'everything', actor: 'operator:test' })
  expect((await list(it.ctx, { id: 'everything' })).items).toMatchObject([{ decidedBy: 'operator:test' }, { decidedBy: 'operator:test' }])
})

test('trust `warn`: a changed definition is served, recorded and listed with its differences until an administrator has reviewed it', async () => {
  await using it = await aControlPlane()
  await register(it.ctx)
  await reported(it.ctx, [echo])
  await reported(it.ctx, [changedEcho, aTool('add')])
  await reported(it.ctx, [aTool('echo', { description: 'Other.' }), aTool('add', { title: 'Add' })])
  expect(await standing(it.ctx)).toEqual({ add: 'unreviewed, new', echo: 'unreviewed, changed' })
  expect(await served(it.ctx)).toEqual(await hashes(it.ctx))
  expect(it.recorded.at(-1)?.detail).toContain('echo is served (changed)')
  const { items } = await list(it.ctx, { id: 'everything' })
  expect(items[1]).toMatchObject({ approved: { description: 'Does echo.' }, offered: { description: 'Other.' }, decidedBy: null })

  const { revision } = it.published
  await approve(it.ctx, { id: 'everything', names: ['echo', 'add', 'echo'], seen: await hashes(it.ctx) })
  expect(await standing(it.ctx)).toEqual({ add: 'approved', echo: 'approved' })
  expect(await approveSeen(it.ctx, 'echo', 'add')).toEqual({ approved: [], revision: revision + 1 })
})

test('a tool that the policy hides is said to be hidden, approved or not', async () => {
  await using it = await aControlPlane()
  await register(it.ctx, { tools: { add: { hidden: true }, echo: { level: 'write' } } })
  await reported(it.ctx, [echo, aTool('add')])
  expect((await list(it.ctx, { id: 'everything' })).items).toMatchObject([
    { name: 'add', state: 'approved', hidden: true },
    { name: 'echo', hidden: false },
  ])
})

test('trust `off`: a changed definition is served without a record', async () => {
  await using it = await aControlPlane()
  await register(it.ctx, { trust: 'off' })
  await reported(it.ctx, [echo])
  const records = it.recorded.length
  await reported(it.ctx, [changedEcho])
  expect(await standing(it.ctx)).toEqual({ echo: 'approved' })
  expect(await served(it.ctx)).toEqual(await hashes(it.ctx))
  expect(it.recorded).toHaveLength(records)
})

test('a tool that is no longer offered is no longer served, and comes back with the same definition', async () => {
  await using it = await aControlPlane()
  await register(it.ctx, { trust: 'hold' })
  await reported(it.ctx, [echo, aTool('add')])
  const before = await served(it.ctx)
  await reported(it.ctx, [aTool('add')])
  expect(await standing(it.ctx)).toEqual({ add: 'approved', echo: 'retired' })
  expect(Object.keys(await served(it.ctx))).toEqual(['add'])
  expect((await listServers(it.ctx)).items[0]?.tools).toMatchObject([{ trust: 'approved' }, { name: 'echo', trust: 'retired' }])
  await reported(it.ctx, [echo, aTool('add')])
  expect(await served(it.ctx)).toEqual(before)
  await expect(approveSeen(it.ctx, 'gone')).rejects.toMatchObject({ code: 'not_found' })
})

test('the same report from several planes at once makes one audit record and one revision', async () => {
  await using it = await aControlPlane()
  await register(it.ctx)
  await Promise.all(Array.from({ length: 6 }, () => reported(it.ctx, [echo, aTool('add')])))
  expect(it.recorded.filter(({ action }) => action === 'definitions.report')).toHaveLength(1)
  const { revision } = it.published
  await Promise.all(Array.from({ length: 6 }, () => reported(it.ctx, [aTool('add'), changedEcho])))
  expect(it.recorded.filter(({ action }) => action === 'definitions.report')).toHaveLength(2)
  expect(it.published.revision).toBe(revision + 1)
})

test('a new address makes another server: old definitions are gone, and the first ones found there are approved', async () => {
  await using it = await aControlPlane()
  await register(it.ctx, { trust: 'hold' })
  await reported(it.ctx, [echo], anAddress)
  await register(it.ctx, { trust: 'hold', url: 'https://elsewhere.example.com/mcp' })
  expect(await served(it.ctx)).toEqual({})
  await reported(it.ctx, [aTool('stolen')], anAddress)
  expect(await standing(it.ctx)).toEqual({})
  await reported(it.ctx, [changedEcho], 'https://elsewhere.example.com/mcp')
  expect(await standing(it.ctx)).toEqual({ echo: 'approved' })
})

test('pending definitions are served when the trust setting no longer holds them back', async () => {
  await using it = await aControlPlane()
  await register(it.ctx, { trust: 'hold' })
  await reported(it.ctx, [echo, aTool('gone')])
  await reported(it.ctx, [changedEcho])
  await register(it.ctx, { trust: 'warn' })
  expect(await standing(it.ctx)).toEqual({ echo: 'unreviewed, changed', gone: 'retired' })
  expect(await served(it.ctx)).toEqual({ echo: (await hashes(it.ctx)).echo })
  await register(it.ctx, { trust: 'hold' })
  await reported(it.ctx, [aTool('echo', { title: 'Again' })])
  await register(it.ctx, { trust: 'off' })
  expect(await standing(it.ctx)).toEqual({ echo: 'approved', gone: 'retired' })
})

test.for(['hash', 'shortHash'] as const)(
  'a definition that the server offers instead of the one that was looked at, by its %s, is not approved',
  async (by) => {
    await using it = await aControlPlane()
    await register(it.ctx, { trust: 'hold' })
    await reported(it.ctx, [echo])
    await reported(it.ctx, [changedEcho, aTool('add')])
    const look = async () => Object.fromEntries((await list(it.ctx, { id: 'everything' })).items.map((tool) => [tool.name, tool[by]]))
    const seen = await look()
    await reported(it.ctx, [aTool('echo', { description: 'Sends all you have to somebody.' }), aTool('add')])
    const now = (await shortHashes(it.ctx)).echo
    await expect(approve(it.ctx, { id: 'everything', seen })).rejects.toMatchObject({
      code: 'conflict',
      message:
        `Nothing was approved: the server does not offer what you have looked at. echo is echo@${now} now, and before: ` +
        'description was "Does echo.", and is "Sends all you have to somebody.". ' +
        'Look again ("bir server definitions everything"), and approve what you see then.',
    })
    expect(await standing(it.ctx)).toEqual({ echo: 'held, changed', add: 'held, new' })
    await approve(it.ctx, { id: 'everything', seen: await look() })
    expect(await standing(it.ctx)).toEqual({ echo: 'approved', add: 'approved' })
  },
)

test('nothing is approved that nobody has looked at: without hashes, or beside those that were looked at', async () => {
  await using it = await aControlPlane()
  await register(it.ctx, { trust: 'hold' })
  await reported(it.ctx, [echo])
  await reported(it.ctx, [changedEcho, aTool('add')])
  const { echo: seenEcho = '' } = await shortHashes(it.ctx)
  await expect(approve(it.ctx, { id: 'everything' })).rejects.toMatchObject({
    code: 'invalid_input',
    message:
      'Only what you have looked at can be approved: name each tool with the hash that "bir server definitions everything" prints for it.',
  })
  await expect(approve(it.ctx, { id: 'everything', names: ['add', 'echo'], seen: { echo: seenEcho } })).rejects.toMatchObject({
    code: 'invalid_input',
    message:
      'No hash says that you have looked at add: name each tool with the hash that "bir server definitions everything" prints for it, as in add@k3v7abcd.',
  })
  expect(await standing(it.ctx)).toEqual({ echo: 'held, changed', add: 'held, new' })
})

test('a short hash holds for one tool of one server, and depends on a key', async () => {
  await using it = await aControlPlane()
  await register(it.ctx, { trust: 'hold' })
  await put(it.ctx, { id: 'other', kind: 'remote', url: 'http://127.0.0.1:3002/mcp', trust: 'hold' })
  const same = [aTool('one'), { ...aTool('one'), name: 'two' }]
  await reported(it.ctx, same)
  await acceptReport(it.ctx, { server: 'other', tools: same })
  const seen = [...Object.values(await shortHashes(it.ctx)), ...(await list(it.ctx, { id: 'other' })).items.map((tool) => tool.shortHash)]
  expect(new Set(seen).size).toBe(4)
  await using elsewhere = await aControlPlane()
  await register(elsewhere.ctx, { trust: 'hold' })
  await reported(elsewhere.ctx, same)
  expect(Object.values(await shortHashes(elsewhere.ctx))).not.toContain(seen[0])
})

test('hidden text, contradictions, name collisions and repetitions are flagged, and text with a NUL is stored', async () => {
  await using it = await aControlPlane()
  await register(it.ctx)
  const long = 'a'.repeat(70)
  const { joinedName } = await import('@bir/data-plane/catalog')
  const meets = joinedName({ server: 'everything', tool: long }).slice('everything_'.length)
  await reported(it.ctx, [
    aTool('hidden', { description: 'Adds\u200b two\u0000\ud800.' }),
    aTool('delete_all', { annotations: { readOnlyHint: true } }),
    aTool(long),
    aTool(meets),
    aTool('twice'),
    aTool('twice', { title: 'Other' }),
  ])
  expect(await standing(it.ctx)).toEqual({
    hidden:
      'approved, description: control character U+0000, description: zero-width character U+200B, description: broken character U+D800',
    delete_all: 'approved, is declared as read, and named like destroy',
    [long]: `approved, has the same name as ${meets} once the server's own is put before it`,
    [meets]: `approved, has the same name as ${long} once the server's own is put before it`,
    twice: 'approved, offered more than once',
  })
  const { items } = await list(it.ctx, { id: 'everything' })
  expect(items.find(({ name }) => name === 'hidden')?.offered).toEqual(
    aTool('hidden', { description: 'Adds\u200b two\u0000\ud800.' }).definition,
  )
})

test('a tool whose schema nests too deep is ignored', async () => {
  await using it = await aControlPlane()
  await register(it.ctx)
  const inputSchema: unknown = JSON.parse('[{"a":'.repeat(20_000) + '1' + '}]'.repeat(20_000))
  await reported(it.ctx, [aTool('bomb', { inputSchema }), echo])
  expect(await standing(it.ctx)).toEqual({ echo: 'approved' })
})

test('reports about mounted or unregistered servers are ignored', async () => {
  await using it = await aControlPlane()
  await reported(it.ctx, [echo])
  await expect(list(it.ctx, { id: 'everything' })).rejects.toMatchObject({ code: 'not_found' })
  await put(it.ctx, { id: 'sql', kind: 'mounted' })
  await expect(list(it.ctx, { id: 'sql' })).rejects.toMatchObject({ code: 'invalid_input' })
  await expect(approve(it.ctx, { id: 'sql' })).rejects.toMatchObject({ code: 'invalid_input' })
})
