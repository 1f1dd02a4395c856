import { expect, test } from 'vitest'
import { put as putGroup } from '../groups/groups.ts'
import { put as putServer } from '../servers/servers.ts'
import { aControlPlane, bucketOf } from '../testing.ts'
import { create, list, remove } from './grants.ts'

async function withServer() {
  const it = await aControlPlane()
  await putServer(it.ctx, { id: 'sql', kind: 'mounted' })
  return it
}

test('a grant is listed as it was created', async () => {
  await using it = await withServer()
  await it.aPerson('bob')
  const tools = { allow: ['execute_query', 'list_tables'], deny: ['drop_table'] }
  const grant = await create(it.ctx, { user: 'bob', server: 'sql', level: 'write', tools, expires: '2999-01-31T00:00:00Z' })
  expect(grant).toEqual({ id: grant.id, user: 'bob', server: 'sql', level: 'write', tools, expires: '2999-01-31T00:00:00.000Z' })
  expect((await list(it.ctx, { first: 10 })).items).toEqual([grant])
})

test("only a holder's first and last grant make buckets dirty", async () => {
  await using it = await withServer()
  const bob = await it.aPerson('bob')
  const first = await create(it.ctx, { user: 'bob', server: 'sql', level: 'read' })
  expect(it.published.marks).toEqual([bucketOf(bob), 'policy'].sort())
  const second = await create(it.ctx, { user: 'bob', server: 'sql', level: 'write' })
  expect(it.published.marks).toEqual(['policy'])
  await remove(it.ctx, { id: first.id })
  expect(it.published.marks).toEqual(['policy'])
  await remove(it.ctx, { id: second.id })
  expect(it.published.marks).toEqual([bucketOf(bob), 'policy'].sort())
})

test('a grant to everyone makes no bucket dirty', async () => {
  await using it = await withServer()
  await it.aPerson('bob')
  await create(it.ctx, { everyone: true, server: 'sql', level: 'read' })
  expect(it.published.marks).toEqual(['policy'])
})

test.for([
  [{ user: 'mallory', server: 'sql', level: 'read' } as const, 'not_found', 'There is no person mallory.'],
  [{ group: 'ghosts', server: 'sql', level: 'read' } as const, 'not_found', 'There is no group ghosts.'],
  [{ everyone: true, server: 'gitlab', level: 'read' } as const, 'not_found', 'There is no server gitlab.'],
  [
    { everyone: true, server: 'sql', level: 'read', tools: { allow: ['list_table'], deny: ['dorp'] } } as const,
    'invalid_input',
    'the server sql has no tool list_table\nthe server sql has no tool dorp',
  ],
] as const)('a grant that names something unknown is refused: %s', async ([grant, code, message]) => {
  await using it = await withServer()
  await expect(create(it.ctx, structuredClone(grant) as never)).rejects.toMatchObject({ code, message })
  expect((await list(it.ctx, { first: 10 })).items).toEqual([])
})

test('the same grant twice is a conflict', async () => {
  await using it = await withServer()
  const grant = { everyone: true, server: 'sql', level: 'read', tools: { allow: ['list_tables', 'execute_query'] } } as const
  await create(it.ctx, structuredClone(grant) as never)
  const again = { ...grant, tools: { allow: ['execute_query', 'list_tables'] } }
  await expect(create(it.ctx, again)).rejects.toMatchObject({ code: 'conflict' })
})

test('grants are listed by holder and server, in pages', async () => {
  await using it = await withServer()
  await it.aPerson('bob')
  await putGroup(it.ctx, { handle: 'staff', members: ['bob'] })
  for (const level of ['read', 'write', 'destroy'] as const) await create(it.ctx, { user: 'bob', server: 'sql', level })
  await create(it.ctx, { group: 'staff', server: 'sql', level: 'read' })

  const pages: string[][] = []
  let after: string | undefined
  do {
    const page = await list(it.ctx, { first: 2, user: 'bob', ...(after ? { after } : {}) })
    pages.push(page.items.map(({ level }) => level))
    after = page.next ?? undefined
  } while (after)
  expect(pages.flat().sort()).toEqual(['destroy', 'read', 'write'])
  expect(pages).toHaveLength(2)
  expect((await list(it.ctx, { first: 10, group: 'staff' })).items).toMatchObject([{ group: 'staff' }])
  expect((await list(it.ctx, { first: 10, server: 'charts' })).items).toEqual([])
})

test('the audit record of a change says in words who did what to whom', async () => {
  await using it = await withServer()
  const { id } = await create(it.ctx, { everyone: true, server: 'sql', level: 'read', tools: { deny: ['drop_table'] } })
  await remove(it.ctx, { id })
  const detail = 'everyone, read on sql (never drop_table)'
  expect(it.recorded.slice(1)).toEqual([
    { action: 'grants.create', target: 'everyone', detail, actor: 'operator:test' },
    { action: 'grants.delete', target: id, detail, actor: 'operator:test' },
  ])
})

test('a grant that is over already is refused, and one in a file is called so', async () => {
  await using it = await withServer()
  await it.aPerson('bob')
  const grant = { user: 'bob', server: 'sql', level: 'read', expires: '2020-01-01T00:00:00Z' } as const
  await expect(create(it.ctx, grant)).rejects.toMatchObject({ code: 'invalid_input', message: expect.stringContaining('is over already') })
  expect((await it.applied({ grants: [grant] })).edits).toEqual([expect.stringMatching(/^add grant: .*, which is over already$/)])
  expect((await it.applied({ grants: [grant] })).edits).toEqual([])
})
