import { GatewayError, ToolError } from '@bir/sdk/contract/errors'
import type { Timers } from '../../runtime/timers.ts'
import type { Authenticated, Incoming, ResolvedServer } from '../call/types.ts'

type Call = Pick<Incoming & Authenticated & ResolvedServer, 'cancel' | 'policy' | 'server'>

/**
 * Rejects when the call is cancelled, or after its time limit, which cancels it. The server's own limit goes before
 * the policy's.
 */
export function withinTime<T>(timers: Timers, { cancel, policy, server }: Call, work: Promise<T>): Promise<T> {
  const timeoutMs = (server.kind === 'remote' ? server.remote.callTimeoutMs : undefined) ?? policy.settings.callTimeoutMs
  return new Promise((resolve, reject) => {
    const stopTimer = timers.after(timeoutMs, () => cancel.abort(timedOut(timeoutMs)))
    const unsubscribe = cancel.subscribe((cause) =>
      reject(
        cause instanceof ToolError || cause instanceof GatewayError
          ? cause
          : new GatewayError('unavailable', cause.message, { reason: 'cancelled' }),
      ),
    )
    const stop = () => {
      stopTimer()
      unsubscribe()
    }
    work.then(
      (result) => {
        stop()
        return resolve(result)
      },
      (error: unknown) => {
        stop()
        reject(error)
      },
    )
  })
}

const timedOut = (timeoutMs: number) =>
  new ToolError('timed_out', `The tool did not answer within ${timeoutMs / 1000} s.`, {
    hint: 'Ask for less, or try again later.',
    retryable: true,
  })
