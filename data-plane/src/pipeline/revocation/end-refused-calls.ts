import { unawaited } from '../../runtime/awaitable.ts'
import { TimeSlice } from '../../runtime/time-slice.ts'
import type { Ports } from '../call/ports.ts'
import { refusalNow, stopCall } from './decide-again.ts'

/** A grant may expire without a new policy. */
const defaultMs = 1_000

/**
 * Ends calls under way that are allowed no more: because their server was switched off, their person was disabled, a
 * grant was taken or expired, a token or its session was revoked, or this plane was expelled. A token that only expires
 * ends none. Looks through all of them at every change of
 * policy and every second, in short turns. A call that goes on pays nothing for it but its place in the list.
 */
export function endRefusedCalls(
  { policy, openCalls, portalUrl }: Pick<Ports, 'policy' | 'openCalls' | 'portalUrl'>,
  everyMs = defaultMs,
): { close(): void } {
  let looking = false
  let again = false

  const lookOnce = async () => {
    const slice = new TimeSlice()
    for (const [index, call] of openCalls) {
      const refusal = policy.refusal() ?? refusalNow(policy.current(), call, Date.now(), portalUrl)
      if (refusal) stopCall(call, refusal)
      // It was answered with a question, and nobody at the server's side waits for the answer any more.
      if (call.note.isOver && !call.cancel.isWatched) openCalls.remove(index, call)
      await slice.yieldIfSpent()
    }
  }
  const look = async () => {
    again = true
    if (looking) return
    looking = true
    try {
      while (again) {
        again = false
        await lookOnce()
      }
    } finally {
      looking = false
    }
  }

  const unfollow = policy.onChange(() => unawaited(look()))
  const timer = setInterval(() => {
    if (openCalls.size > 0) unawaited(look())
  }, everyMs).unref()
  return {
    close() {
      clearInterval(timer)
      unfollow()
    },
  }
}
