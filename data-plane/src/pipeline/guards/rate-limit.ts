import { GatewayError } from '@bir/sdk/contract/errors'
import type { Guard } from '../call/pipeline.ts'
import type { Authenticated } from '../call/types.ts'

const sweepAbove = 10_000

/**
 * Limits how often a person calls, with the generic cell rate algorithm: `rateBurst` calls at once, `ratePerSecond` in
 * the long run. It keeps one number per person.
 */
export function rateLimit(now: () => number = () => performance.now()): Guard<Authenticated> {
  /** When the calls of each person are paid for, in ms of `now`. */
  const paidAtMs = new Map<string, number>()

  return function rateLimit(call, next) {
    const { ratePerSecond, rateBurst } = call.policy.settings
    const nowMs = now()
    const costMs = 1000 / ratePerSecond
    const paid = Math.max(paidAtMs.get(call.token.subject.id) ?? 0, nowMs)
    const waitMs = paid + costMs - nowMs - rateBurst * costMs
    if (waitMs > 0) throw tooOften(Math.ceil(waitMs))

    paidAtMs.set(call.token.subject.id, paid + costMs)
    if (paidAtMs.size > sweepAbove) forget(paidAtMs, nowMs)
    return next({})
  }
}

/** The message says the same whole seconds as the header `Retry-After`. */
function tooOften(retryAfterMs: number): GatewayError {
  const publicMessage = `Too many calls. Try again in ${Math.ceil(retryAfterMs / 1000)} s.`
  return new GatewayError('rateLimited', 'the person calls too often', { publicMessage, reason: 'rate-limited', retryAfterMs })
}

function forget(paidAtMs: Map<string, number>, nowMs: number): void {
  for (const [person, paid] of paidAtMs) if (paid <= nowMs) paidAtMs.delete(person)
}
