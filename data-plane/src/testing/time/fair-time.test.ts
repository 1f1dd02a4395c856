import { expect, test, vi } from 'vitest'
import { afterFairTime, slowness } from './fair-time.ts'

const expiresAfter = async (limitMs: number, slownessNow?: () => number) => {
  const startMs = performance.now()
  await new Promise<void>((resolve) => void afterFairTime(limitMs, resolve, slownessNow))
  return performance.now() - startMs
}

test('on a machine of its own, time is time; on one that is shared by four, it lasts four times as long', async () => {
  expect(await expiresAfter(100, () => 1)).toBeGreaterThan(95)
  expect(await expiresAfter(100, () => 4)).toBeGreaterThan(380)
})

test('what is called off never expires', async () => {
  const expire = vi.fn<() => void>()
  afterFairTime(20, expire, () => 1)()
  await expiresAfter(100, () => 1)
  expect(expire).not.toHaveBeenCalled()
})

test('a machine is never faster than one of its own', () => {
  expect(slowness()).toBeGreaterThanOrEqual(1)
})

test('a test may replace the clock: patience is not of that clock', async () => {
  vi.useFakeTimers()
  try {
    await new Promise<void>((resolve) => void afterFairTime(20, resolve))
  } finally {
    vi.useRealTimers()
  }
})
