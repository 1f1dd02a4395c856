import { vi } from 'vitest'

/**
 * The age of a test token that is good only until the second of `stopClock` is over.
 * Tokens of `TestPlane` are good for ten minutes, and the product allows thirty seconds of skew.
 */
export const NEARLY_OVER_S = 629

/**
 * Stops the time of day shortly before the end of a second in the near past, until `vi.useRealTimers()`. A token that
 * is nearly over opens streams meanwhile, however slow the machine. Once the clock goes on, the token has expired.
 */
export function stopClock(): void {
  const second = Math.floor(Date.now() / 1000) * 1000
  vi.useFakeTimers({ toFake: ['Date'], now: second - 100 })
}
