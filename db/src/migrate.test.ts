import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { connect } from './index.ts'
import { migrate } from './migrate.ts'
import { testDb } from './testing.ts'

test('two that start at once migrate an empty database once, and a later start finds nothing to do', async () => {
  await using made = await testDb({ migrated: false })
  const other = connect(made.url)
  try {
    const done = await Promise.all([migrate(made.db), migrate(other)])
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
] as const)('the person %s is in bucket %i, as the planes reckon it', async ([id, bucket]) => {
  await using made = await testDb()
  const user = { id, handle: 'alice', provider: 'demo', subject: '1', name: null, email: null }
  const row = await made.db.insertInto('users').values(user).returning('bucket').executeTakeFirstOrThrow()
  expect(row.bucket).toBe(bucket)
})

test('everyone is one holder: no other id may stand for them, nor theirs for another', async () => {
  await using made = await testDb()
  await made.db.insertInto('servers').values({ id: 'sql', kind: 'mounted', title: null, settings: '{}', labels: '{}' }).execute()
  const grant = (kind: string, holder: string) =>
    sql`insert into grants (id, holder_kind, holder_id, server, level) values (gen_random_uuid(), ${kind}, ${holder}, 'sql', 'read')`.execute(
      made.db,
    )
  const everyone = '00000000-0000-7000-8000-000000000000'
  await expect(grant('everyone', everyone)).resolves.toBeDefined()
  await expect(grant('everyone', '019aa000-0000-7000-8000-00000000000f')).rejects.toThrow('check constraint')
  await expect(grant('user', everyone)).rejects.toThrow('check constraint')
})
