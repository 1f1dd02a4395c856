import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { testDb } from './testing.ts'

test('each call makes a separate, migrated database', async () => {
  await using one = await testDb()
  await using other = await testDb()
  await sql`create table only_here (id int)`.execute(one.db)

  expect((await tables(one)).filter((name) => name === 'only_here')).toHaveLength(1)
  expect(await tables(other)).not.toContain('only_here')
  expect((await tables(other)).length).toBeGreaterThan(5)
})

test('a database is dropped after its test', async () => {
  const one = await testDb({ migrated: false })
  await one.drop()

  await using other = await testDb({ migrated: false })
  const name = new URL(one.url).pathname.slice(1)
  const { rows } = await sql`select from pg_database where datname = ${name}`.execute(other.db)
  expect(rows).toEqual([])
})

async function tables({ db }: Awaited<ReturnType<typeof testDb>>): Promise<string[]> {
  return (await db.introspection.getTables()).map(({ name }) => name)
}
