import { readdirSync } from 'node:fs'
import { basename } from 'node:path'
import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import { expect, test } from 'vitest'
import { connect } from './index.ts'
import { LaterDatabase } from './later-migrations.ts'
import type { LaterMigration } from './later-migrations.ts'
import { laterMigrations, migrate } from './migrate.ts'
import * as policy from './migrations/first/0001-policy.ts'
import * as platform from './migrations/first/0002-platform.ts'
import * as definitions from './migrations/first/0003-definitions.ts'
import * as serverHealth from './migrations/first/0005-server-health.ts'
import * as joinLines from './migrations/first/0006-join-lines.ts'
import { testDb } from './testing.ts'

test('two processes that start at once run each migration once, and a later start runs none', async () => {
  await using database = await testDb({ migrated: false })
  const other = connect(database.url)
  try {
    const done = await Promise.all([migrate(database.db), migrate(other)])
    const names = done.flatMap(({ ran }) => ran)
    expect(names.toSorted()).toEqual([...new Set(names)].sort())
    expect(names).toEqual(expect.arrayContaining(['0001-policy', ...Object.keys(laterMigrations)]))
    expect(await migrate(other)).toEqual({ ran: [], ofLaterVersion: [] })
  } finally {
    await other.destroy()
  }
})

test.for([
  ['00000000-0000-7000-8000-000000000000', 0],
  ['019aa000-0000-7000-8000-00000000000f', 15],
  ['019aa000-0000-7000-8000-000000000abc', 0xabc],
  ['019aa000-0000-7000-8000-ffffffffffff', 4095],
] as const)('the person %s is in bucket %i, as the data planes compute it', async ([id, bucket]) => {
  await using database = await testDb()
  const user = { id, handle: 'alice', provider: 'demo', subject: '1', name: null, email: null }
  const row = await database.db.insertInto('users').values(user).returning('bucket').executeTakeFirstOrThrow()
  expect(row.bucket).toBe(bucket)
})

test('only the holder of kind everyone has the id of everyone, and it has no other id', async () => {
  await using database = await testDb()
  await database.db.insertInto('servers').values({ id: 'sql', kind: 'mounted', title: null, settings: '{}', labels: '{}' }).execute()
  const grant = (kind: string, holder: string) =>
    sql`insert into grants (id, holder_kind, holder_id, server, level) values (gen_random_uuid(), ${kind}, ${holder}, 'sql', 'read')`.execute(
      database.db,
    )
  const everyone = '00000000-0000-7000-8000-000000000000'
  await expect(grant('everyone', everyone)).resolves.toBeDefined()
  await expect(grant('everyone', '019aa000-0000-7000-8000-00000000000f')).rejects.toThrow('check constraint')
  await expect(grant('user', everyone)).rejects.toThrow('check constraint')
})

test('the join secret of a database from before join lines is gone, and its planes stay', async () => {
  await using database = await testDb({ migrated: false })
  const { db } = database
  const untyped = db as unknown as Kysely<unknown>
  for (const { up } of [policy, platform, definitions, serverHealth]) await up(untyped)
  await sql`insert into keys (kid, purpose, wrapped, active_at) values ('join', 'join', 'x', now()), ('m', 'manifest', 'y', now())`.execute(
    db,
  )
  const id = '01980000-0000-7000-8000-00000000000a'
  await sql`insert into planes (id, name, public_jwk, sealing_jwk) values (${id}, 'local', '{}', '{}')`.execute(db)
  await joinLines.up(untyped)
  expect(await db.selectFrom('keys').select('kid').execute()).toEqual([{ kid: 'm' }])
  expect(await db.selectFrom('planes').select(['id', 'join_line', 'joined_after']).execute()).toEqual([
    { id, join_line: null, joined_after: null },
  ])
})

test('a declared subject of before counts as signed in only when something has happened to the person since', async () => {
  await using database = await testDb({ migrated: false })
  const { '0015-first-sign-in': added, ...later } = laterMigrations
  await migrate(database.db, later)
  await sql`insert into users (id, handle, provider, subject, declared, claimed, updated_at) values
    ('01980000-0000-7000-8000-000000000001', 'waits', 'demo', 's-1', '{"subject":"s-1"}', true, now()),
    ('01980000-0000-7000-8000-000000000002', 'came', 'demo', 's-2', '{"subject":"s-2"}', true, now() + interval '1 second'),
    ('01980000-0000-7000-8000-000000000003', 'undeclared', 'demo', 's-3', null, true, now())`.execute(database.db)
  await added?.up(database.db as unknown as Kysely<unknown>)
  const rows = await database.db.selectFrom('users').select(['handle', 'awaits_subject']).orderBy('id').execute()
  expect(rows.map(({ handle, awaits_subject }) => [handle, awaits_subject])).toEqual([
    ['waits', true],
    ['came', false],
    ['undeclared', false],
  ])
})

test('every file of a migration is in the list, in the order of its number, and says whether it expands or contracts', async () => {
  const folder = new URL('./migrations/', import.meta.url)
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
  const later = files.flatMap((file) => (file.startsWith('first/') ? [] : [basename(file, '.ts')])).toSorted()
  expect(Object.keys(laterMigrations)).toEqual(later)
  const effects: unknown[] = Object.values(laterMigrations).map(({ effect }) => effect)
  const isEffect = (effect: unknown) =>
    effect === 'expand' || (typeof effect === 'object' && effect !== null && 'since' in effect && later.includes(String(effect.since)))
  expect(effects.filter((effect) => !isEffect(effect))).toEqual([])
})

const adding: LaterMigration = {
  effect: 'expand',
  up: async (db) => void (await sql`alter table users add column colour text`.execute(db)),
}
const dropping: LaterMigration = {
  effect: { contract: 'users have no e-mail address', since: '9001-add' },
  up: async (db) => void (await sql`alter table users drop column email`.execute(db)),
}

/** The versions after this one: one adds, the next takes away what the first uses no more. */
const next = { ...laterMigrations, '9001-add': adding }
const afterNext = { ...next, '9002-drop': dropping }

test('this version starts on a database that a later version only expanded, also for the first time, and says so', async () => {
  await using database = await testDb({ migrated: false })
  await migrate(database.db, next, '9.1.0')
  expect(await migrate(database.db)).toEqual({ ran: [], ofLaterVersion: ['9001-add'] })
  expect(await migrate(database.db, next, '9.1.0')).toEqual({ ran: [], ofLaterVersion: [] })
})

test('a version does not start after a contraction of what it uses, changes nothing, and says what to do', async () => {
  await using database = await testDb()
  await migrate(database.db, next, '9.1.0')
  await migrate(database.db, afterNext, '9.2.0')
  const start = migrate(database.db)
  await expect(start).rejects.toThrow(LaterDatabase)
  await expect(start).rejects.toThrow(
    'A later version was here: it changed the database by 9002-drop (users have no e-mail address) of version 9.2.0, and this version, 0.1.0, ' +
      'does not work with that. Nothing is damaged, and nothing was changed now. Start the later version again, or restore a backup from before it.',
  )
  expect(await migrate(database.db, next, '9.1.0')).toEqual({ ran: [], ofLaterVersion: ['9002-drop'] })
})

test('a version that lacks what was run and has what was not is no earlier version, and is told so', async () => {
  await using database = await testDb()
  await migrate(database.db, next, '9.1.0')
  const other = { ...laterMigrations, '9001-other': adding }
  await expect(migrate(database.db, other, '9.1.1')).rejects.toThrow('has 9001-add of version 9.1.0 and lacks 9001-other')
})

test('a migration that fails leaves nothing of itself, and none after it runs', async () => {
  await using database = await testDb()
  const bad: LaterMigration = { effect: 'expand', up: async (db) => void (await sql`alter table nothing add column x text`.execute(db)) }
  await expect(migrate(database.db, { ...next, '9002-bad': bad })).rejects.toThrow('does not exist')
  expect(await migrate(database.db, next)).toEqual({ ran: ['9001-add'], ofLaterVersion: [] })
})

test('a version of the time when Kysely ran every migration finds its list unchanged, and starts', async () => {
  await using database = await testDb()
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(database.db)
  expect(rows.at(0)?.name).toBe('0001-policy')
  expect(rows.at(-1)?.name).toBe('0008-plane-audit')
})

test('a database that Kysely migrated further goes on', async () => {
  await using database = await testDb()
  await sql`insert into kysely_migration (name, timestamp) select name, '2999' from migrations`.execute(database.db)
  await sql`drop table migrations`.execute(database.db)
  expect(await migrate(database.db)).toEqual({ ran: [], ofLaterVersion: [] })
})
