import { PolicyFile } from '@bir/sdk/contract/policy-file'
import { Settings } from '@bir/sdk/contract/settings'
import { expect, test } from 'vitest'
import { list as listGrants } from '../grants/grants.ts'
import { list as listGroups } from '../groups/groups.ts'
import { list as listRestrictions } from '../restrictions/restrictions.ts'
import { set } from '../selections/selections.ts'
import { kill, list as listServers } from '../servers/servers.ts'
import { get as getSettings } from '../settings/settings.ts'
import { aControlPlane, bucketOf } from '../testing.ts'
import { apply } from './apply.ts'
import { exportPolicy } from './export.ts'

const bank = PolicyFile.parse({
  servers: {
    sql: { kind: 'mounted', settings: { connections: { bank: {} } }, tools: { drop_table: { hidden: true } } },
    charts: { kind: 'mounted', title: 'Charts' },
  },
  groups: { analysts: { title: 'Analysts', members: ['alice'] }, engineers: { members: ['bob', 'alice'] } },
  grants: [
    { everyone: true, server: 'charts', level: 'read' },
    { group: 'analysts', server: 'sql', level: 'read', tools: { allow: ['list_tables', 'execute_query'] } },
    { user: 'bob', server: 'sql', level: 'destroy', expires: '2027-01-31T00:00:00Z' },
  ],
  restrictions: [{ group: 'analysts', server: 'sql', connection: 'bank', allow: ['public.*'], mask: { 'public.customers': ['iban'] } }],
  settings: { truncateChars: 5_000 },
})

async function withPeople() {
  const it = await aControlPlane()
  const alice = await it.aPerson('alice')
  const bob = await it.aPerson('bob')
  return { ...it, alice, bob }
}

test('a file becomes the policy, with one revision and one audit record that says what changed', async () => {
  await using it = await withPeople()
  const { edits, revision } = await apply(it.ctx, { file: bank })
  expect(edits).toEqual([
    'add server sql',
    'add server charts',
    'add group analysts',
    'add group engineers',
    'group analysts: alice joins',
    'group engineers: alice, bob joins',
    'add grant: everyone, read on charts',
    'add grant: group analysts, read on sql (only execute_query, list_tables)',
    'add grant: user bob, destroy on sql (until 2027-01-31T00:00:00.000Z)',
    'add restriction: group analysts on sql, connection bank: may read public.*; masked public.customers.iban',
    'change setting truncateChars: 100000 -> 5000',
  ])
  expect(revision).toBe(3)
  expect(it.recorded.at(-1)).toEqual({ action: 'policy.apply', target: 'policy', detail: edits.join('\n'), actor: 'operator:test' })
  expect(it.published.marks).toEqual([...new Set([bucketOf(it.alice), bucketOf(it.bob), 'policy'])].sort())
})

test('the same file a second time changes nothing and makes no revision and no audit record', async () => {
  await using it = await withPeople()
  const { revision } = await apply(it.ctx, { file: bank })
  const records = it.recorded.length
  const grants = await listGrants(it.ctx, { first: 10 })
  expect(await apply(it.ctx, { file: bank })).toEqual({ revision, edits: [] })
  expect(it.recorded).toHaveLength(records)
  expect(await listGrants(it.ctx, { first: 10 })).toEqual(grants)
})

test('an exported file changes nothing when it is applied here, and makes the same policy on an empty gateway', async () => {
  await using it = await withPeople()
  await apply(it.ctx, { file: bank })
  const exported = PolicyFile.parse(JSON.parse(JSON.stringify(await exportPolicy(it.ctx))))
  expect((await apply(it.ctx, { file: exported })).edits).toEqual([])

  await using other = await withPeople()
  await apply(other.ctx, { file: exported })
  expect(await exportPolicy(other.ctx)).toEqual(await exportPolicy(it.ctx))
})

test('a section that the file lacks stays unchanged', async () => {
  await using it = await withPeople()
  await apply(it.ctx, { file: bank })
  const { edits } = await apply(it.ctx, { file: { grants: [{ everyone: true, server: 'charts', level: 'write' }] } })
  expect(edits).toHaveLength(4)
  expect((await listGroups(it.ctx, { first: 10 })).items).toHaveLength(2)
  expect((await listRestrictions(it.ctx, { first: 10 })).items).toHaveLength(1)
  expect((await getSettings(it.ctx)).truncateChars).toBe(5_000)
  expect((await apply(it.ctx, { file: {} })).edits).toEqual([])
})

test('a section in the file is complete: what it lacks is removed, with everything that depends on it', async () => {
  await using it = await withPeople()
  await apply(it.ctx, { file: bank })
  await set(it.ctx, { user: 'bob', server: 'sql', level: 'read' })
  const file = { groups: { engineers: { members: ['bob'] } }, servers: { charts: { kind: 'mounted' as const } }, settings: {} }
  const { edits } = await apply(it.ctx, { file: PolicyFile.parse(file) })
  expect(edits).toEqual([
    'change server charts: title',
    'remove server sql',
    'group engineers: alice leaves',
    'remove group analysts',
    'remove grant: group analysts, read on sql (only execute_query, list_tables)',
    'remove grant: user bob, destroy on sql (until 2027-01-31T00:00:00.000Z)',
    'remove restriction: group analysts on sql, connection bank: may read public.*; masked public.customers.iban',
    'change setting truncateChars: 5000 -> 100000',
  ])
  expect(it.published.marks).toEqual([...new Set([bucketOf(it.alice), bucketOf(it.bob), 'policy'])].sort())
  expect(await exportPolicy(it.ctx)).toEqual({
    servers: { charts: { kind: 'mounted' } },
    groups: { engineers: { members: ['bob'] } },
    grants: [{ everyone: true, server: 'charts', level: 'read' }],
    restrictions: [],
    settings: {},
  })
})

test('all faults are reported at once with their places, and nothing is written', async () => {
  await using it = await withPeople()
  const file = PolicyFile.parse({
    servers: {
      sql: { kind: 'mounted', settings: { bad: 1, connections: {} }, tools: { dorp: { hidden: true } } },
      gitlab: { kind: 'mounted' },
    },
    groups: { analysts: { members: ['alice', 'mallory'] } },
    grants: [
      { group: 'ghosts', server: 'sql', level: 'read' },
      { user: 'trudy', server: 'charts', level: 'read' },
      { everyone: true, server: 'sql', level: 'read', tools: { allow: ['list_table'] } },
      { group: 'ghosts', server: 'sql', level: 'read' },
    ],
    restrictions: [{ group: 'analysts', server: 'sql', connection: 'bank', allow: ['*.*'] }],
  })
  const message = [
    'servers.sql: settings.bad: is bad',
    'servers.sql: the server sql has no tool dorp',
    'servers.gitlab: no server gitlab can be mounted; there are charts, sql',
    'groups.analysts: there is no person mallory',
    'grants[0]: there is no group ghosts',
    'grants[1]: there is no person trudy',
    'grants[1]: there is no server charts',
    'grants[2]: the server sql has no tool list_table',
    'grants[3]: there is no group ghosts',
    'grants[3]: says the same as [0]',
    'restrictions[0]: the server sql has no connection bank',
  ].join('\n')
  await expect(apply(it.ctx, { file })).rejects.toMatchObject({ code: 'invalid_input', message })
  expect((await listServers(it.ctx)).items).toEqual([])
})

test.for([
  [{ grants: [{ everyone: true, server: 'sql', level: 'read', conditions: {} }] }, 'conditions'],
  [{ servers: { everything: { kind: 'hosted', url: 'http://127.0.0.1:3001/mcp' } } }, 'kind is mounted or remote'],
  [{ approvals: {} }, 'approvals'],
  [{ grants: [{ user: 'a', group: 'b', server: 'sql', level: 'read' }] }, 'exactly one holder'],
] as const)('an unknown or invalid part of the file is refused by name: %s', ([file, word]) => {
  const parsed = PolicyFile.safeParse(file)
  expect(parsed.success).toBe(false)
  expect(parsed.error?.message).toContain(word)
})

test('a changed grant deletes one row and adds one, and makes no bucket dirty', async () => {
  await using it = await withPeople()
  await apply(it.ctx, { file: bank })
  const grants = bank.grants?.map((grant) => (grant.group ? { ...grant, level: 'write' as const } : grant)) ?? []
  const { edits } = await apply(it.ctx, { file: { grants } })
  expect(edits).toEqual([
    'remove grant: group analysts, read on sql (only execute_query, list_tables)',
    'add grant: group analysts, write on sql (only execute_query, list_tables)',
  ])
  expect(it.published.marks).toEqual(['policy'])
})

test('a server that was switched off stays off when a file describes it again', async () => {
  await using it = await withPeople()
  await apply(it.ctx, { file: bank })
  await kill(it.ctx, { id: 'sql', killed: true })
  const servers = { ...bank.servers, sql: { kind: 'mounted' as const, settings: { connections: { bank: {}, shop: {} } } } }
  expect((await apply(it.ctx, { file: { servers } })).edits).toEqual(['change server sql: settings, tools'])
  const { killed } = await it.db.selectFrom('servers').select('killed').where('id', '=', 'sql').executeTakeFirstOrThrow()
  expect(killed).toBe(true)
  expect((await getSettings(it.ctx)).rateBurst).toBe(Settings.parse({}).rateBurst)
})

test('two files at once are applied one after the other', async () => {
  await using it = await withPeople()
  await apply(it.ctx, { file: bank })
  const grants = (level: 'write' | 'destroy') => ({ grants: [{ everyone: true as const, server: 'charts', level }] })
  await Promise.all([apply(it.ctx, { file: grants('write') }), apply(it.ctx, { file: grants('destroy') })])
  expect((await listGrants(it.ctx, { first: 10 })).items).toHaveLength(1)
})
