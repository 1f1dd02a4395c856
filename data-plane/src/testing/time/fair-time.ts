import { availableParallelism, loadavg } from 'node:os'

/** Taken before a test can replace the clock. */
const { setTimeout, clearTimeout } = globalThis

const stepMs = 500

/**
 * How many times slower this machine is than one that has nothing else to do: 1 or more. More processes than
 * processors share them.
 */
export const slowness = () => Math.max(1, (loadavg()[0] ?? 0) / availableParallelism())

/**
 * Calls back when a machine of its own would have let `limitMs` pass: time counts by the share of the processors that
 * a process gets, and not at all while this process is stopped. Returns a function that calls it off.
 */
export function afterFairTime(limitMs: number, expire: () => void, slownessNow = slowness): () => void {
  let leftMs = limitMs
  let timer: NodeJS.Timeout
  function step(): void {
    if (leftMs < 1) return expire()
    const pace = slownessNow()
    const waitMs = Math.min(stepMs, leftMs * pace)
    timer = setTimeout(() => {
      leftMs -= waitMs / pace
      step()
    }, waitMs)
  }
  step()
  return () => clearTimeout(timer)
}
