import { expect, test } from 'vitest'
import { create } from '../grants/grants.ts'
import { put as putServer } from '../servers/servers.ts'
import { aControlPlane, bucketOf } from '../testing.ts'
import { get, set } from './selections.ts'

async function withAlice() {
  const it = await aControlPlane()
  await putServer(it.ctx, { id: 'sql', kind: 'mounted' })
  await putServer(it.ctx, { id: 'charts', kind: 'mounted' })
  const alice = await it.aPerson('alice')
  return { ...it, alice }
}

test('fields that the input lacks stay, and a choice that is taken back is removed', async () => {
  await using it = await withAlice()
  const user = 'alice'
  expect(await set(it.ctx, { user, server: 'sql', level: 'read' })).toEqual({ servers: { sql: { level: 'read' } } })
  expect(it.published.marks).toEqual([bucketOf(it.alice), 'policy'].sort())
  await set(it.ctx, { user, server: 'sql', off: ['list_tables', 'execute_query'] })
  expect(await get(it.ctx, { user })).toEqual({ servers: { sql: { level: 'read', off: ['execute_query', 'list_tables'] } } })
  expect(await set(it.ctx, { user, server: 'sql', level: null })).toEqual({ servers: { sql: { off: ['execute_query', 'list_tables'] } } })
  expect(await set(it.ctx, { user, server: 'sql', off: [] })).toEqual({ servers: {} })
})

test('choosing the same again makes no revision', async () => {
  await using it = await withAlice()
  await set(it.ctx, { user: 'alice', server: 'sql', level: 'read' })
  const { revision } = it.published
  await set(it.ctx, { user: 'alice', server: 'sql', level: 'read' })
  expect(it.published.revision).toBe(revision)
})

test('a person does not learn of servers on which they hold no grant', async () => {
  await using it = await withAlice()
  await create(it.ctx, { everyone: true, server: 'sql', level: 'read' })
  const alice = await it.as('alice')
  await expect(set(alice, { user: 'alice', server: 'sql', level: 'read' })).resolves.toBeDefined()
  const hidden = set(alice, { user: 'alice', server: 'charts', level: 'read' })
  await expect(hidden).rejects.toMatchObject({ code: 'not_found', message: 'There is no server charts.' })
  const absent = set(alice, { user: 'alice', server: 'gitlab', level: 'read' })
  await expect(absent).rejects.toMatchObject({ code: 'not_found', message: 'There is no server gitlab.' })
})

test('a tool that does not exist cannot be switched off', async () => {
  await using it = await withAlice()
  await expect(set(it.ctx, { user: 'alice', server: 'sql', off: ['dorp'] })).rejects.toMatchObject({ code: 'invalid_input' })
})

test('a person changes their selections sixty times a minute, and holds up nobody else', async () => {
  await using it = await withAlice()
  await it.aPerson('bob')
  await create(it.ctx, { everyone: true, server: 'sql', level: 'write' })
  const [alice, bob] = [await it.as('alice'), await it.as('bob')]
  const choose = (at: number) => set(alice, { user: 'alice', server: 'sql', level: at % 2 === 0 ? 'read' : null })
  const outcomes = await Promise.allSettled(Array.from({ length: 130 }, (_, at) => choose(at)))
  const made = outcomes.filter(({ status }) => status === 'fulfilled').length
  // A minute may end meanwhile, and the next one begins to count anew.
  expect(made).toBeGreaterThanOrEqual(60)
  expect(made).toBeLessThanOrEqual(120)
  const refusal = outcomes.find((outcome) => outcome.status === 'rejected')
  const message = expect.stringMatching(
    /^alice changed selections 60 times in a minute, which is the most\. Try again in \d+ s\.$/,
  ) as string
  expect(refusal?.reason).toMatchObject({ code: 'conflict', message })
  await set(bob, { user: 'bob', server: 'sql', level: 'read' })
  await set(it.ctx, { user: 'alice', server: 'sql', level: 'read' })
})
