import { PolicyFile } from '@bir/sdk/contract/policy-file'
import { expect, test } from 'vitest'
import { set } from '../selections/selections.ts'
import { aControlPlane } from '../testing.ts'
import { setDisabled } from '../users/users.ts'
import { apply } from './apply.ts'
import { exportPolicy } from './export.ts'
import { plan } from './plan.ts'

const before = PolicyFile.parse({
  servers: { sql: { kind: 'mounted' }, charts: { kind: 'mounted' } },
  groups: { analysts: { members: ['alice', 'bob', 'erin'] } },
  grants: [
    { group: 'analysts', server: 'sql', level: 'read' },
    { user: 'bob', server: 'sql', level: 'destroy' },
  ],
})

async function withPolicy() {
  const it = await aControlPlane()
  for (const handle of ['alice', 'bob', 'carol', 'erin']) await it.aPerson(handle)
  await apply(it.ctx, { file: before })
  return it
}

test('a plan says who gains and who loses which tools, and writes nothing', async () => {
  await using it = await withPolicy()
  const { revision } = it.published
  const exported = await exportPolicy(it.ctx)
  const grants = [
    { group: 'analysts', server: 'sql', level: 'read' as const, tools: { deny: ['execute_query'] } },
    { everyone: true as const, server: 'charts', level: 'write' as const },
  ]
  const { edits, people } = await plan(it.ctx, { file: { grants } })
  const charts = { server: 'charts', gains: ['create_chart', 'save_chart'], loses: [], before: 'disabled', after: 'write', unseen: false }
  expect(edits).toHaveLength(4)
  expect(people).toEqual([
    { user: 'alice', ...charts },
    { user: 'alice', server: 'sql', gains: [], loses: ['execute_query'], before: 'read', after: 'read', unseen: false },
    { user: 'bob', ...charts },
    { user: 'bob', server: 'sql', gains: [], loses: ['drop_table', 'execute_query'], before: 'destroy', after: 'read', unseen: false },
    { user: 'carol', ...charts },
    { user: 'erin', ...charts },
    { user: 'erin', server: 'sql', gains: [], loses: ['execute_query'], before: 'read', after: 'read', unseen: false },
  ])
  expect(await exportPolicy(it.ctx)).toEqual(exported)
  expect(it.published.revision).toBe(revision)
})

test('a plan shows what a person gains and loses by changing groups', async () => {
  await using it = await withPolicy()
  const { people } = await plan(it.ctx, { file: { groups: { analysts: { members: ['carol', 'bob', 'erin'] } } } })
  expect(people).toEqual([
    { user: 'alice', server: 'sql', gains: [], loses: ['execute_query', 'list_tables'], before: 'read', after: 'disabled', unseen: false },
    { user: 'carol', server: 'sql', gains: ['execute_query', 'list_tables'], loses: [], before: 'disabled', after: 'read', unseen: false },
  ])
})

test('a plan names the people who have no access after their group is removed', async () => {
  await using it = await withPolicy()
  const { people } = await plan(it.ctx, { file: { groups: {} } })
  expect(people.map(({ user, after }) => `${user} ${after}`)).toEqual(['alice disabled', 'erin disabled'])
})

test('a plan counts labels and new groups as the policy will', async () => {
  await using it = await withPolicy()
  const servers = { ...before.servers, sql: { kind: 'mounted' as const, tools: { list_tables: { level: 'write' as const } } } }
  const groups = { ...before.groups, staff: { members: ['carol'] } }
  const grants = [...(before.grants ?? []), { group: 'staff', server: 'sql', level: 'read' as const }]
  const file = { servers, groups, grants }
  const { people } = await plan(it.ctx, { file })
  expect(people.map(({ user, gains, loses }) => ({ user, gains, loses }))).toEqual([
    { user: 'alice', gains: [], loses: ['list_tables'] },
    { user: 'carol', gains: ['execute_query'], loses: [] },
    { user: 'erin', gains: [], loses: ['list_tables'] },
  ])
  await apply(it.ctx, { file })
  expect(await plan(it.ctx, { file })).toMatchObject({ edits: [], people: [] })
})

test('a tool that a person has switched off, or cannot use because the account is disabled, is no gain', async () => {
  await using it = await withPolicy()
  await set(it.ctx, { user: 'alice', server: 'sql', level: 'read', off: ['list_tables'] })
  await setDisabled(it.ctx, { handle: 'erin', disabled: true })
  const { people } = await plan(it.ctx, { file: { grants: [{ group: 'analysts', server: 'sql', level: 'destroy' }] } })
  expect(people).toEqual([])
  const none = await plan(it.ctx, { file: { grants: [] } })
  expect(none.people.map(({ user, loses }) => ({ user, loses }))).toEqual([
    { user: 'alice', loses: ['execute_query'] },
    { user: 'bob', loses: ['drop_table', 'execute_query', 'list_tables'] },
  ])
})

test('a plan refuses what apply refuses, with the same message', async () => {
  await using it = await withPolicy()
  const file = { grants: [{ user: 'mallory', server: 'sql', level: 'read' as const }] }
  const words = { code: 'invalid_input', message: 'grants[0]: there is no person mallory' }
  await expect(plan(it.ctx, { file })).rejects.toMatchObject(words)
  await expect(apply(it.ctx, { file })).rejects.toMatchObject(words)
})
