import type { Cancel } from '../runtime/cancellation.ts'
import type { RequestId } from '../protocol/request-id.ts'

/**
 * Running calls, by which a legacy client's `notifications/cancelled` finds the call it names.
 * `scope` is a person's session, so nobody can cancel another person's call.
 */
export class CallsInFlight {
  private readonly calls = new Map<string, Cancel>()

  /** Adds a call, until the returned function is called. */
  add(scope: string, id: RequestId, cancel: Cancel): () => void {
    const key = keyOf(scope, id)
    this.calls.set(key, cancel)
    return () => {
      if (this.calls.get(key) === cancel) this.calls.delete(key)
    }
  }

  /** Cancels a call; false when no such call is running here. */
  cancel(scope: string, id: RequestId | undefined, reason: Error): boolean {
    const call = id === undefined ? undefined : this.calls.get(keyOf(scope, id))
    call?.abort(reason)
    return call !== undefined
  }

  cancelAll(scope: string, reason: Error): void {
    for (const [key, call] of this.calls) if (key.startsWith(`${scope} `)) call.abort(reason)
  }
}

const keyOf = (scope: string, id: RequestId) => `${scope} ${typeof id} ${id}`
