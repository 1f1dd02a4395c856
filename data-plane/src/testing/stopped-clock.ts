import { vi } from 'vitest'

/** A token issued so long ago is good for the last moment before `stopClock`'s second turns. It has ten minutes, and thirty seconds of skew. */
export const NEARLY_OVER_S = 629

/**
 * Stops the time of day a moment before a second turns, in the near past, until `vi.useRealTimers()`.
 * What a test opens meanwhile is opened in time, however slow the machine; once the clock goes on, the token has expired.
 */
export function stopClock(): void {
  const second = Math.floor(Date.now() / 1000) * 1000
  vi.useFakeTimers({ toFake: ['Date'], now: second - 100 })
}
