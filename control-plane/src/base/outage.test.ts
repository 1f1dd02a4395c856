import { connect } from '@bir/db'
import { sql } from 'kysely'
import { testDb } from '@bir/db/testing'
import { expect, test } from 'vitest'
import { outageText } from './outage.ts'

const failureOf = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  )

test.for([
  ['a port where nothing listens', 'postgres://nobody:secret@127.0.0.1:9/none'],
  ['a host that does not exist', 'postgres://nobody:secret@nowhere.invalid/none'],
  ['a socket that is not there', 'postgres://nobody:secret@/none?host=/nowhere'],
] as const)('a database at %s is an outage, and its text names no address', async ([, url]) => {
  const db = connect(url)
  const text = outageText(await failureOf(sql`select 1`.execute(db)))
  expect(text).toContain('cannot reach its database')
  expect(text).not.toMatch(/127\.0\.0\.1|nowhere|secret/)
  await db.destroy()
})

test('a connection that the database cuts is an outage, and a fault of a statement is none', async () => {
  await using made = await testDb()
  const cut = failureOf(sql`select pg_terminate_backend(pg_backend_pid())`.execute(made.db))
  expect(outageText(await cut)).toContain('cannot reach its database')
  await expect.poll(() => failureOf(sql`select 1`.execute(made.db))).toBeUndefined()
  expect(outageText(await failureOf(sql`select nothing`.execute(made.db)))).toBeUndefined()
  expect(outageText(await failureOf(sql`select 1/0`.execute(made.db)))).toBeUndefined()
  expect(outageText(new Error('no such person'))).toBeUndefined()
  expect(outageText(Object.assign(new Error('full'), { code: '53100' }))).toContain('disk of the database is full')
})
