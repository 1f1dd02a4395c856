import type { Ports } from '../call/ports.ts'
import type { Authenticated, Incoming } from '../call/types.ts'
import { tokenEndMs } from '../../policy/token.ts'

/** Clocks are set and machines sleep: the time of day is looked at again at least this often. */
const maxWaitMs = 60_000

/**
 * Ends a stream once the token it was opened with would open none any more. All streams share the clock of the time-outs. The function
 * given back takes it back.
 */
export function endWithToken(
  { timers }: Pick<Ports, 'timers'>,
  { token, cancel }: Pick<Incoming & Authenticated, 'token' | 'cancel'>,
): () => void {
  let stop: () => void = () => undefined
  const look = () => {
    const leftMs = tokenEndMs(token) - Date.now()
    if (leftMs < 0) return cancel.abort(new Error('the token has expired'))
    stop = timers.after(Math.min(leftMs + 1, maxWaitMs), look)
  }
  look()
  return () => stop()
}
