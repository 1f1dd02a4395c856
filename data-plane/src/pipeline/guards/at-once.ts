import { GatewayError } from '@bir/sdk/contract/errors'
import type { Guard } from '../call/pipeline.ts'
import type { Authenticated, Incoming } from '../call/types.ts'

/** What is counted: calls that have no answer yet, or open streams. */
export interface AtOnce {
  /** The setting that bounds them for one person. */
  readonly setting: 'callsAtOnce' | 'streamsAtOnce'
  /** The most of all people together, at this plane. The last eighth is kept for people who have none. */
  readonly maxInAll: number
  readonly tooMany: string
  readonly retryAfterMs: number
}

export const CALLS_AT_ONCE: AtOnce = {
  setting: 'callsAtOnce',
  maxInAll: 8_192,
  tooMany: 'Too many calls at once. Wait for their answers and try again.',
  retryAfterMs: 1_000,
}

export const STREAMS_AT_ONCE: AtOnce = {
  setting: 'streamsAtOnce',
  maxInAll: 32_768,
  tooMany: 'Too many open streams. Close some and try again.',
  retryAfterMs: 30_000,
}

/**
 * Bounds how much a person, and all people together, have under way at once. Methods that share a bound share the
 * guard. A notification is not counted: it has no answer, and may be what ends a call.
 */
export function atOnce({ setting, maxInAll, tooMany, retryAfterMs }: AtOnce): Guard<Incoming & Authenticated> {
  const countOf = new Map<string, number>()
  const maxForBusy = maxInAll - Math.ceil(maxInAll / 8)
  let countInAll = 0

  const leave = (person: string) => {
    countInAll--
    const count = countOf.get(person) ?? 0
    if (count > 1) countOf.set(person, count - 1)
    else countOf.delete(person)
  }

  return function atOnce(call, next) {
    if (call.id === undefined && call.method !== 'GET') return next({})
    const person = call.token.subject.id
    const count = countOf.get(person) ?? 0
    if (count >= call.policy.settings[setting])
      throw new GatewayError('rateLimited', tooMany, { publicMessage: tooMany, reason: 'rate-limited', retryAfterMs })
    if (countInAll >= (count === 0 ? maxInAll : maxForBusy))
      throw new GatewayError('unavailable', `the plane has ${countInAll} under way`, { publicMessage: busy, reason: 'plane-busy' })

    countOf.set(person, count + 1)
    countInAll++
    try {
      const answer = next({})
      if (answer instanceof Promise) return answer.finally(() => leave(person))
      leave(person)
      return answer
    } catch (error) {
      leave(person)
      throw error
    }
  }
}

const busy = 'Too many people call the gateway now. Try again in a moment.'
