import { REASONS } from '@bir/sdk/contract/decide'
import { PolicyFile } from '@bir/sdk/contract/policy-file'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import { expect, test } from 'vitest'
import { set } from '../selections/selections.ts'
import { kill } from '../servers/servers.ts'
import { aControlPlane } from '../testing.ts'
import { setDisabled } from '../users/users.ts'
import { apply } from './apply.ts'
import { explain } from './explain.ts'

const file = PolicyFile.parse({
  servers: { sql: { kind: 'mounted', tools: { list_tables: { level: 'write' } } }, charts: { kind: 'mounted' } },
  groups: { analysts: { members: ['alice'] }, staff: { members: ['alice', 'bob'] } },
  grants: [
    { group: 'analysts', server: 'sql', level: 'read' },
    { group: 'staff', server: 'sql', level: 'destroy', tools: { deny: ['drop_table'] } },
    { everyone: true, server: 'sql', level: 'read' },
    { user: 'alice', server: 'sql', level: 'destroy', expires: '2020-01-01T00:00:00Z' },
    { user: 'carol', server: 'charts', level: 'read', expires: '2020-01-01T00:00:00Z' },
  ],
})

async function withPolicy() {
  const it = await aControlPlane()
  for (const handle of ['alice', 'bob', 'carol', 'dave']) await it.aPerson(handle)
  await apply(it.ctx, { file })
  const why = (user: string, server: string, tool: string) => explain(it.ctx, { user, server, tool })
  return { ...it, why }
}

test('an explanation names every grant, and whether it decided', async () => {
  await using it = await withPolicy()
  expect(await it.why('alice', 'sql', 'list_tables')).toEqual({
    user: 'alice',
    server: 'sql',
    tool: 'list_tables',
    allow: true,
    needs: 'write',
    level: 'destroy',
    reason: null,
    missing: null,
    tier: 'groups',
    because: [
      'alice, known through demo, belongs to groups analysts, staff.',
      "The tool list_tables needs write, by an administrator's label; the server itself declares read.",
      'Grant: user alice, destroy on sql (until 2020-01-01T00:00:00.000Z). It has expired.',
      'Grant: group analysts, read on sql.',
      'Grant: group staff, destroy on sql (never drop_table).',
      'Grant: everyone, read on sql. Not considered: a nearer grant decides.',
      'The grants of their groups decide: they are the nearest that have not expired.',
      'Allowed, at level destroy.',
    ],
    revision: it.published.revision,
  })
})

test.for([
  ['alice', 'sql', 'drop_table', 'tool-denied', 'destroy'],
  ['dave', 'sql', 'drop_table', 'level-too-low', 'read'],
  ['carol', 'charts', 'create_chart', 'grants-expired', 'disabled'],
  ['dave', 'charts', 'create_chart', 'no-grant', 'disabled'],
  ['dave', 'gitlab', 'get_user', 'unknown-server', 'disabled'],
  ['dave', 'sql', 'dorp', 'unknown-tool', 'read'],
] as const)('%s on %s %s is refused for %s, and the explanation has the reachable level', async ([user, server, tool, reason, level]) => {
  await using it = await withPolicy()
  const explanation = await it.why(user, server, tool)
  expect(explanation).toMatchObject({ allow: false, reason, level })
  expect(explanation.because.at(-1)).toContain(`Refused (${reason}): `)
  expect(REASONS).toContain(reason)
})

test('an explanation distinguishes what does not exist from what is refused, for a disabled person too', async () => {
  await using it = await withPolicy()
  await setDisabled(it.ctx, { handle: 'bob', disabled: true })
  const missing = async (...question: [string, string, string]) => (await it.why(...question)).missing
  expect(await missing('dave', 'gitlab', 'get_user')).toBe('server')
  expect(await missing('bob', 'gitlab', 'get_user')).toBe('server')
  expect(await missing('bob', 'sql', 'dorp')).toBe('tool')
  expect(await missing('dave', 'sql', 'drop_table')).toBe(null)
})

test("an explanation names the person's own choice and the kill switch", async () => {
  await using it = await withPolicy()
  await set(it.ctx, { user: 'bob', server: 'sql', level: 'read', off: ['execute_query'] })
  const chosen = await it.why('bob', 'sql', 'list_tables')
  expect(chosen.reason).toBe('selected-lower')
  expect(chosen.because).toContain('bob has chosen no more than read on sql.')
  expect((await it.why('bob', 'sql', 'execute_query')).reason).toBe('switched-off')

  await setDisabled(it.ctx, { handle: 'bob', disabled: true })
  expect((await it.why('bob', 'sql', 'execute_query')).reason).toBe('person-disabled')
  await kill(it.ctx, { id: 'sql', killed: true })
  const killed = await it.why('alice', 'sql', 'execute_query')
  expect(killed.reason).toBe('server-killed')
  expect(killed.because).toContain('The server sql is switched off for everyone.')
})

test('a person gets explanations for servers where they hold a grant, and does not learn of other servers', async () => {
  await using it = await withPolicy()
  const dave = await it.as('dave')
  await expect(explain(dave, { user: 'dave', server: 'sql', tool: 'drop_table' })).resolves.toMatchObject({ reason: 'level-too-low' })
  const real = explain(dave, { user: 'dave', server: 'charts', tool: 'create_chart' })
  const unreal = explain(dave, { user: 'dave', server: 'gitlab', tool: 'create_chart' })
  await expect(real).rejects.toMatchObject({ code: 'not_found', message: 'There is no server charts.' })
  await expect(unreal).rejects.toMatchObject({ code: 'not_found', message: 'There is no server gitlab.' })
})

test('there is no explanation for an unknown person', async () => {
  await using it = await withPolicy()
  await expect(it.why('mallory', 'sql', 'drop_table')).rejects.toMatchObject({ code: 'not_found', message: 'There is no person mallory.' })
})

test('an explanation says whose secret is used and until when, or what is wrong with it', async () => {
  await using it = await withPolicy()
  const settings = { connections: { bank: { database: 'bank', password: { secret: 'password', of: 'person' } } } }
  await it.db
    .updateTable('servers')
    .set({ settings: JSON.stringify(settings) })
    .where('id', '=', 'sql')
    .execute()
  const { id } = await it.db.selectFrom('users').select('id').where('handle', '=', 'alice').executeTakeFirstOrThrow()
  const question = ['alice', 'sql', 'list_tables'] as const

  expect(await it.why(...question)).toMatchObject({ allow: false, reason: 'secret-missing', level: 'destroy' })
  const row = { id: uuidv7(), holder_id: id, holder_kind: 'person' as const, server: 'sql', fields: ['password'] }
  const standing = { version: 1, store: 'embedded' as const, audience: '', state: 'ok', saved_by: 'alice' }
  await it.db
    .insertInto('secrets')
    .values({ ...row, ...standing, level: 'write', expires_at: new Date('2100-01-01T00:00:00Z') })
    .execute()
  const good = await it.why(...question)
  expect(good).toMatchObject({ allow: true, level: 'write' })
  expect(good.because).toContain(
    "The server sql needs a secret: alice uses the person's own, which covers write, until 2100-01-01T00:00:00.000Z.",
  )
  await it.db.updateTable('secrets').set({ state: 'invalid' }).execute()
  const bad = await it.why(...question)
  expect(bad.reason).toBe('secret-unusable')
  expect(bad.because).toContain("The server sql needs a secret, and the person's own is not good: the service does not take it any more.")
})
