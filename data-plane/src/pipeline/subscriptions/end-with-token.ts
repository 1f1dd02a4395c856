import type { Ports } from '../call/ports.ts'
import type { Authenticated, Incoming } from '../call/types.ts'
import { offlineEndMs, tokenEndMs } from '../../policy/tokens/token.ts'

/** The clock may be set and the machine may sleep, so the time of day is read at least this often. */
const maxWaitMs = 60_000
/** A token that is only good while no control plane can be reached ends when one can. */
const offlineLookMs = 1_000

/**
 * Ends a stream when the token that opened it expires. All streams share one timer. The returned function stops
 * watching.
 */
export function endWithToken(
  { timers, policy }: Pick<Ports, 'timers' | 'policy'>,
  { token, cancel }: Pick<Incoming & Authenticated, 'token' | 'cancel'>,
): () => void {
  let stop: () => void = () => undefined
  const look = () => {
    const nowMs = Date.now()
    const leftMs = Math.max(tokenEndMs(token), Math.min(offlineEndMs(policy, token), nowMs + offlineLookMs)) - nowMs
    if (leftMs < 0) return cancel.abort(new Error('the token has expired'))
    stop = timers.after(Math.min(leftMs + 1, maxWaitMs), look)
  }
  look()
  return () => stop()
}
