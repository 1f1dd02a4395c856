import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Timers } from './timers.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

test.for([1, 10, 75, 80, 81, 1000])('a timer of %i ms fires once, and not early', (afterMs) => {
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

test('a cancelled timer does not fire, and cancelling it again does not cancel a later timer', () => {
  const timers = new Timers({ tickMs: 10 })
  const cancel = timers.after(50, () => expect.unreachable())
  cancel()
  let fired = 0
  timers.after(50, () => fired++)
  cancel()
  vi.advanceTimersByTime(200)
  expect(fired).toBe(1)
})

test('any number of timers can wait at once, each for its own time', () => {
  const timers = new Timers({ tickMs: 10 })
  const fired: number[] = []
  for (let at = 0; at < 1000; at++) timers.after(1000 - at, () => fired.push(at))
  vi.advanceTimersByTime(500)
  expect(fired.every((at) => at >= 500)).toBe(true)
  vi.advanceTimersByTime(600)
  expect(fired.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, at) => at))
})

test('the clock stops when no timer waits', () => {
  const timers = new Timers({ tickMs: 10 })
  timers.after(50, () => expect.unreachable())()
  vi.advanceTimersByTime(20)
  expect(vi.getTimerCount()).toBe(0)
})
