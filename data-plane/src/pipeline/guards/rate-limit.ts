import { GatewayError } from '@bir/sdk/contract/errors'
import type { Guard } from '../call/pipeline.ts'
import type { Authenticated } from '../call/types.ts'

const sweepAbove = 10_000

/** How often may they call? A generic cell rate (one number a person): `rateBurst` at once, `ratePerSecond` sustained. */
export function rateLimit(now: () => number = () => performance.now()): Guard<Authenticated> {
  /** When each person's debt is paid, in ms of `now`. */
  const paidAtMs = new Map<string, number>()

  return function rateLimit(call, next) {
    const { ratePerSecond, rateBurst } = call.policy.settings
    const nowMs = now()
    const costMs = 1000 / ratePerSecond
    const paid = Math.max(paidAtMs.get(call.token.subject.id) ?? 0, nowMs)
    const waitMs = paid + costMs - nowMs - rateBurst * costMs
    if (waitMs > 0)
      throw new GatewayError('rateLimited', 'the person calls too often', { reason: 'rate-limited', retryAfterMs: Math.ceil(waitMs) })

    paidAtMs.set(call.token.subject.id, paid + costMs)
    if (paidAtMs.size > sweepAbove) forget(paidAtMs, nowMs)
    return next({})
  }
}

function forget(paidAtMs: Map<string, number>, nowMs: number): void {
  for (const [person, paid] of paidAtMs) if (paid <= nowMs) paidAtMs.delete(person)
}
