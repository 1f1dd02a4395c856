import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import { expect, test } from 'vitest'
import { connect } from './index.ts'
import { migrate } from './migrate.ts'
import * as policy from './migrations/0001-policy.ts'
import * as platform from './migrations/0002-platform.ts'
import * as definitions from './migrations/0003-definitions.ts'
import * as serverHealth from './migrations/0005-server-health.ts'
import * as joinLines from './migrations/0006-join-lines.ts'
import { testDb } from './testing.ts'

test('two processes that start at once run each migration once, and a later start runs none', async () => {
  await using database = await testDb({ migrated: false })
  const other = connect(database.url)
  try {
    const done = await Promise.all([migrate(database.db), migrate(other)])
    expect(done.flat().sort()).toEqual([...new Set(done.flat())].sort())
    expect(done.flat()).toContain('0001-policy')
    expect(await migrate(other)).toEqual([])
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
