import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { listen } from './listen.ts'
import { testDb } from './testing.ts'

test('notices arrive, also after the connection was cut', async () => {
  await using database = await testDb()
  const { db, url } = database
  const payloads: string[] = []
  let connected = 0
  let lost = 0
  const listening = listen(url, 'a channel', {
    onNotice: (payload) => payloads.push(payload),
    onConnected: () => connected++,
    onLost: () => lost++,
  })
  const say = (word: string) => sql`select pg_notify('a channel', ${word})`.execute(db)

  await expect.poll(() => connected).toBe(1)
  await say('one')
  await expect.poll(() => payloads).toEqual(['one'])
  await sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'bir listen a channel'`.execute(db)
  await expect.poll(() => connected).toBe(2)
  expect(lost).toBe(1)
  await say('two')
  await expect.poll(() => payloads).toEqual(['one', 'two'])

  await listening.stop()
})
