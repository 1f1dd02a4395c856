import { testDb } from '@bir/db/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { countAsked, countLookUp } from './limits.ts'

let ground: Awaited<ReturnType<typeof testDb>>
beforeAll(async () => void (ground = await testDb()))
afterAll(() => ground.drop())

/** How many were let through. Twice as many where a minute ended in between. */
async function allowed(outcomes: readonly Promise<number | undefined>[]): Promise<number> {
  return (await Promise.all(outcomes)).filter((seconds) => seconds === undefined).length
}

test('a person looks up five codes a minute, from however many browsers and addresses, however many at once', async () => {
  const guesses = Array.from({ length: 40 }, (_, at) =>
    countLookUp(ground.db, { userId: 'mallory', browserHash: `b${at}`, address: `192.0.2.${at}` }),
  )
  expect([5, 10]).toContain(await allowed(guesses))
  expect(await countLookUp(ground.db, { userId: 'alice', browserHash: 'of-alice', address: '192.0.2.1' })).toBeUndefined()
})

test('a browser looks up five whoever signs in there, a network sixty whoever sits behind it', async () => {
  const inOne = Array.from({ length: 20 }, (_, at) =>
    countLookUp(ground.db, { userId: `p${at}`, browserHash: 'one', address: '198.51.100.1' }),
  )
  expect([5, 10]).toContain(await allowed(inOne))
  const behindOne = Array.from({ length: 130 }, (_, at) =>
    countLookUp(ground.db, { userId: `q${at}`, browserHash: `q${at}`, address: `2001:db8::${at.toString(16)}` }),
  )
  expect([60, 120]).toContain(await allowed(behindOne))
})

test('devices at an address ask for thirty codes a minute', async () => {
  const asked = await Promise.all(Array.from({ length: 70 }, () => countAsked(ground.db, '203.0.113.9')))
  expect([30, 60]).toContain(asked.filter((seconds) => seconds === undefined).length)
})
