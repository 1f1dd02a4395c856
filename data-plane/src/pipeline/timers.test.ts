import { expect, test, vi } from 'vitest'
import { Timers } from './timers.ts'

test('fires once, not before its time, however far beyond one turn of the wheel', () => {
  vi.useFakeTimers()
  try {
    for (const afterMs of [1, 10, 75, 80, 81, 1000]) {
      const timers = new Timers({ tickMs: 10, slots: 8 })
      let fired = 0
      timers.after(afterMs, () => fired++)
      vi.advanceTimersByTime(afterMs - 1)
      expect(fired).toBe(0)
      vi.advanceTimersByTime(40)
      expect(fired).toBe(1)
      vi.advanceTimersByTime(2000)
      expect(fired).toBe(1)
    }
  } finally {
    vi.useRealTimers()
  }
})

test('what is taken away does not fire, and an idle wheel keeps no process alive', () => {
  vi.useFakeTimers()
  try {
    const timers = new Timers({ tickMs: 10, slots: 8 })
    const cancel = timers.after(50, () => expect.unreachable())
    expect(vi.getTimerCount()).toBe(1)
    cancel()
    expect(vi.getTimerCount()).toBe(0)
    vi.advanceTimersByTime(200)
  } finally {
    vi.useRealTimers()
  }
})
