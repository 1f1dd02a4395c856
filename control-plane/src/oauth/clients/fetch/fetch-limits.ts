import { FetchLimited } from './fetch-fault.ts'

const maxAtOnce = 32
const maxPerMinute = 30
const maxHosts = 10_000
const minuteMs = 60_000
/** What is being fetched has come by then, or comes no more. */
const busyS = 5

const secondsUntil = (endMs: number, nowMs: number) => Math.min(60, Math.max(1, Math.ceil((endMs - nowMs) / 1000)))

/**
 * Anybody can name a URL that this process then asks for. So it asks one host 30 times a minute at most, and for 32
 * things at once in all: it is no tool to flood others with.
 */
export function createFetchLimits(nowMs: () => number = Date.now) {
  const hosts = new Map<string, { sinceMs: number; count: number }>()
  let atOnce = 0

  function count(host: string): void {
    const known = hosts.get(host)
    const now = nowMs()
    const window = known && now - known.sinceMs < minuteMs ? known : { sinceMs: now, count: 0 }
    if (window.count >= maxPerMinute) throw new FetchLimited('Its host is asked too often.', secondsUntil(window.sinceMs + minuteMs, now))
    window.count += 1
    hosts.delete(host)
    hosts.set(host, window)
    const [oldest] = hosts.keys()
    if (hosts.size > maxHosts && oldest !== undefined) hosts.delete(oldest)
  }

  return async function limited<T>(host: string, run: () => Promise<T>): Promise<T> {
    if (atOnce >= maxAtOnce) throw new FetchLimited('Too many are being fetched.', busyS)
    count(host)
    atOnce += 1
    try {
      return await run()
    } finally {
      atOnce -= 1
    }
  }
}
