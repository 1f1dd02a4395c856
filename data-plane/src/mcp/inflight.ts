import type { Cancel } from '../pipeline/cancel.ts'
import type { RequestId } from './json-rpc.ts'

/** Calls under way, so that a legacy client's `notifications/cancelled` finds the one it means. Keyed by person and session: nobody stops another's call. */
export class Inflight {
  private readonly calls = new Map<string, Cancel>()

  add(scope: string, id: RequestId, cancel: Cancel): () => void {
    const key = keyOf(scope, id)
    this.calls.set(key, cancel)
    return () => {
      if (this.calls.get(key) === cancel) this.calls.delete(key)
    }
  }

  cancel(scope: string, id: unknown, reason: Error): void {
    if (typeof id === 'string' || typeof id === 'number') this.calls.get(keyOf(scope, id))?.abort(reason)
  }
}

const keyOf = (scope: string, id: RequestId) => `${scope} ${typeof id} ${id}`
