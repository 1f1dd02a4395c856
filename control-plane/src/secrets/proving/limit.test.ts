import { testDb } from '@bir/db/testing'
import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { pausesMs, withinTries } from './limit.ts'

const said = (verdict: 'ok' | 'invalid') => ({ verdict: { verdict } })

test('a trial that begins in one minute and comes to nothing in the next gives nobody one more try there', async () => {
  const { db, drop } = await testDb()
  await db.connection().execute(async (one) => {
    // A clock that stands still until the test sets it: on this connection it comes before that of Postgres.
    await sql`create schema clock`.execute(one)
    await sql`create function clock.now() returns timestamptz language sql as
      $$ select current_setting('clock.now')::timestamptz $$`.execute(one)
    await sql`set search_path to clock, public, pg_catalog`.execute(one)
    const at = (time: string) => sql`select set_config('clock.now', ${time}, false)`.execute(one)

    const guess = () => withinTries(one, 'alice', async () => said('invalid'))
    await at('2026-12-01T08:00:59Z')
    await withinTries(one, 'alice', async () => {
      await at('2026-12-01T08:01:01Z')
      for (let n = 0; n < 5; n++) await guess()
      return said('ok')
    })
    await expect(guess()).rejects.toMatchObject({ code: 'conflict', message: 'Too many tries: try again in 59 seconds.' })
    await at('2026-12-01T08:02:00Z')
    expect(await guess()).toEqual(said('invalid'))
  })
  await drop()
})

test('who waits for other trials of theirs asks the database rarely, and half a minute at most', () => {
  expect(pausesMs.length).toBeLessThanOrEqual(40)
  const inAllMs = pausesMs.reduce((sum, ms) => sum + ms, 0)
  expect(inAllMs).toBeGreaterThan(25_000)
  expect(inAllMs).toBeLessThan(35_000)
})
