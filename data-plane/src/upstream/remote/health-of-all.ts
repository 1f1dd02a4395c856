import { plainHealth } from '../upstream.ts'
import type { UpstreamHealth } from '../upstream.ts'

/** One health of a server that is reached in several ways: it is up when any of them found it up. */
export function healthOfAll(all: readonly UpstreamHealth[]): UpstreamHealth {
  const latest = latestBy(all, ({ lastSuccessAtMs, lastErrorAtMs }) => Math.max(lastSuccessAtMs ?? 0, lastErrorAtMs ?? 0))
  if (!latest) return plainHealth('unknown', undefined)
  const succeeded = latestBy(all, ({ lastSuccessAtMs }) => lastSuccessAtMs ?? 0)
  const failed = latestBy(all, ({ lastErrorAtMs }) => lastErrorAtMs ?? 0)
  const isUp = all.some(({ state }) => state === 'up')
  const isDown = all.some(({ state }) => state === 'down')
  return {
    state: isUp ? 'up' : isDown ? 'down' : 'unknown',
    era: latest.era,
    breaker: latest.breaker,
    lastSuccessAtMs: succeeded?.lastSuccessAtMs,
    latencyMs: succeeded?.latencyMs,
    lastErrorAtMs: failed?.lastErrorAtMs,
    lastError: failed?.lastError,
    lastErrorSays: failed?.lastErrorSays,
  }
}

function latestBy(all: readonly UpstreamHealth[], timeOf: (health: UpstreamHealth) => number): UpstreamHealth | undefined {
  return all.reduce<UpstreamHealth | undefined>((latest, next) => (latest && timeOf(latest) >= timeOf(next) ? latest : next), undefined)
}
