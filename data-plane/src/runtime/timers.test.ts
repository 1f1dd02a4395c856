import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Timers } from './timers.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

test.for([1, 10, 75, 80, 81, 1000])('what is to fire after %i ms fires once, and not before its time', (afterMs) => {
  const timers = new Timers({ tickMs: 10 })
  let fired = 0
  timers.after(afterMs, () => fired++)
  vi.advanceTimersByTime(afterMs - 1)
  expect(fired).toBe(0)
  vi.advanceTimersByTime(40)
  expect(fired).toBe(1)
  vi.advanceTimersByTime(2000)
  expect(fired).toBe(1)
})

test('what is taken back does not fire, and takes back nobody who came after it', () => {
  const timers = new Timers({ tickMs: 10 })
  const takeBack = timers.after(50, () => expect.unreachable())
  takeBack()
  let fired = 0
  timers.after(50, () => fired++)
  takeBack()
  vi.advanceTimersByTime(200)
  expect(fired).toBe(1)
})

test('any number can wait at once, and each has its own time', () => {
  const timers = new Timers({ tickMs: 10 })
  const fired: number[] = []
  for (let at = 0; at < 1000; at++) timers.after(1000 - at, () => fired.push(at))
  vi.advanceTimersByTime(500)
  expect(fired.every((at) => at >= 500)).toBe(true)
  vi.advanceTimersByTime(600)
  expect(fired.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, at) => at))
})

test('a clock that nobody waits for stands still', () => {
  const timers = new Timers({ tickMs: 10 })
  timers.after(50, () => expect.unreachable())()
  vi.advanceTimersByTime(20)
  expect(vi.getTimerCount()).toBe(0)
})
