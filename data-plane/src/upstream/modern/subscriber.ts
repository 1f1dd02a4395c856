import type { ListenKey } from '../../protocol/subscription-keys.ts'
import type { ListenRequest } from '../upstream.ts'
import type { Notification } from '../../protocol/notification.ts'

/** One who listens. What it has not yet taken is kept once per key: a newer word replaces an older one, so a slow listener costs no memory. */
export class Subscriber {
  readonly keys: readonly ListenKey[]
  gone = false
  cause: Error | undefined
  onGone: (() => void) | undefined
  private readonly request: ListenRequest
  private readonly pending = new Map<string, Notification>()
  private joined = false
  private started = false
  private busy = false

  constructor(request: ListenRequest, keys: readonly ListenKey[]) {
    this.request = request
    this.keys = keys
  }

  /** Its request was answered: from here on it is told. */
  start(): void {
    this.joined = true
    // Later than the answer that is on its way.
    setImmediate(() => {
      this.started = true
      this.take()
    })
  }

  tell(key: ListenKey, notification: Notification): void {
    if (this.gone) return
    this.pending.set(key, notification)
    if (this.started && !this.busy) this.take()
  }

  end(cause?: Error): void {
    this.gone = true
    this.cause ??= cause
    this.pending.clear()
    this.onGone?.()
    this.onGone = undefined
  }

  endedByServer(error: Error | undefined): void {
    if (this.gone) return
    this.end(error)
    // Who is not told yet that it listens is refused instead.
    if (this.joined) setImmediate(() => this.request.onEnd(error))
  }

  private take(): void {
    for (const [key, notification] of this.pending) {
      if (this.gone) return
      this.pending.delete(key)
      const taken = this.request.onNotification(notification)
      if (taken instanceof Promise) return this.wait(taken)
    }
  }

  private wait(taken: Promise<void>): void {
    this.busy = true
    void taken
      // Whoever could not take one may take the next.
      .catch(() => undefined)
      .then(() => {
        this.busy = false
        return this.take()
      })
  }
}
