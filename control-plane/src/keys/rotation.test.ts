import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { currentOf, DAY_MS, MAX_TOKEN_LIFE_MS, rotateSealingKeys, rotateTokenKeys } from './rotation.ts'
import type { KeyDates, Rotation } from './rotation.ts'

let made = 0

function turned(keys: KeyDates[], { make, drop }: Rotation): KeyDates[] {
  return [...keys.filter(({ kid }) => !drop.includes(kid)), ...make.map((activeAt) => ({ kid: `key-${made++}`, activeAt }))]
}

/** Rotates at each of these times. A long pause stands for a process that was down for weeks. */
function* lived(rotate: (keys: KeyDates[], nowMs: number) => Rotation, pausesMs: number[]) {
  let keys: KeyDates[] = []
  let nowMs = 1_700_000_000_000
  for (const pauseMs of pausesMs) {
    nowMs += pauseMs
    const before = keys
    keys = turned(keys, rotate(keys, nowMs))
    yield { before, keys, nowMs }
  }
}

const pauses = fc.array(fc.integer({ min: 1, max: 90 * DAY_MS }), { minLength: 1, maxLength: 60 })
const ids = (keys: KeyDates[]) => keys.map(({ kid }) => kid)

test('a first start makes one token key to use and one to publish ahead', () => {
  const { make } = rotateTokenKeys([], 1_000)
  expect(make.map((at) => at.getTime())).toEqual([1_000, 1_000 + 30 * DAY_MS])
})

test('there is always a token key in use, and a next one that is published before its use', () => {
  fc.assert(
    fc.property(pauses, (pausesMs) => {
      let first = true
      for (const { before, keys, nowMs } of lived(rotateTokenKeys, pausesMs)) {
        const current = currentOf(keys, nowMs)
        expect(current).toBeDefined()
        expect(keys.some(({ activeAt }) => activeAt.getTime() > nowMs)).toBe(true)
        if (!first) expect(ids(before)).toContain(current?.kid)
        first = false
      }
    }),
  )
})

test('a key stays published until the last token it signed has expired', () => {
  fc.assert(
    fc.property(pauses, (pausesMs) => {
      const lastUseMs = new Map<string, number>()
      for (const { before, keys, nowMs } of lived(rotateTokenKeys, pausesMs)) {
        const gone = ids(before).filter((kid) => !ids(keys).includes(kid))
        for (const kid of gone) expect((lastUseMs.get(kid) ?? 0) + MAX_TOKEN_LIFE_MS).toBeLessThan(nowMs)
        lastUseMs.set(currentOf(keys, nowMs)?.kid ?? '', nowMs)
      }
    }),
  )
})

test('the number of keys stays limited', () => {
  for (const { keys } of lived(rotateTokenKeys, Array<number>(400).fill(DAY_MS))) expect(keys.length).toBeLessThanOrEqual(4)
  for (const { keys } of lived(rotateSealingKeys, Array<number>(400).fill(DAY_MS / 24))) expect(keys.length).toBeLessThanOrEqual(8)
})

test('a sealing key is published two hours before its use, and one is always in use', () => {
  let first = true
  for (const { before, keys, nowMs } of lived(rotateSealingKeys, Array<number>(400).fill(DAY_MS / 48))) {
    const fresh = keys.filter(({ kid }) => !ids(before).includes(kid))
    if (!first) for (const { activeAt } of fresh) expect(activeAt.getTime()).toBe(nowMs + 2 * 60 * 60_000)
    expect(currentOf(keys, nowMs)).toBeDefined()
    first = false
  }
})

test('a sealed box can be opened for seven days less three hours, even if a plane takes the next key an hour late', () => {
  const lastUseMs = new Map<string, number>()
  const hourMs = DAY_MS / 24
  for (const { before, keys, nowMs } of lived(rotateSealingKeys, Array<number>(20 * 24 * 60).fill(hourMs / 60))) {
    const gone = ids(before).filter((kid) => !ids(keys).includes(kid))
    for (const kid of gone) expect(nowMs - (lastUseMs.get(kid) ?? nowMs) - hourMs).toBeGreaterThanOrEqual(7 * DAY_MS - 3 * hourMs)
    lastUseMs.set(currentOf(keys, nowMs)?.kid ?? '', nowMs)
  }
  expect(lastUseMs.size).toBeGreaterThan(15)
})
