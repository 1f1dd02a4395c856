import type { ListenKey } from '../../protocol/subscription-keys.ts'
import type { ListenRequest } from '../upstream.ts'
import type { Notification } from '../../protocol/notification.ts'

/**
 * One listener of a subscription hub. It keeps one pending notification per key: a newer one replaces the older, so a
 * slow listener costs little memory.
 */
export class Subscriber {
  readonly keys: readonly ListenKey[]
  closed = false
  closeCause: Error | undefined
  onClose: (() => void) | undefined
  private readonly request: ListenRequest
  private readonly pending = new Map<string, Notification>()
  /** The listen request was answered. */
  private answered = false
  /** Notifications may be delivered: the answer is on its way to the client. */
  private started = false
  /** A delivery is pending. */
  private delivering = false

  constructor(request: ListenRequest, keys: readonly ListenKey[]) {
    this.request = request
    this.keys = keys
  }

  /** The listen request was answered: notifications may follow. */
  start(): void {
    this.answered = true
    // One turn later, so that the answer is sent before the first notification.
    setImmediate(() => {
      this.started = true
      this.deliverPending()
    })
  }

  add(key: ListenKey, notification: Notification): void {
    if (this.closed) return
    this.pending.set(key, notification)
    if (this.started && !this.delivering) this.deliverPending()
  }

  close(cause?: Error): void {
    this.closed = true
    this.closeCause ??= cause
    this.pending.clear()
    this.onClose?.()
    this.onClose = undefined
  }

  closeByServer(error: Error | undefined): void {
    if (this.closed) return
    this.close(error)
    // A listener whose request has no answer yet gets an error as its answer instead.
    if (this.answered) setImmediate(() => this.request.onEnd(error))
  }

  private deliverPending(): void {
    for (const [key, notification] of this.pending) {
      if (this.closed) return
      this.pending.delete(key)
      const delivery = this.request.onNotification(notification)
      if (delivery instanceof Promise) return this.continueAfter(delivery)
    }
  }

  private continueAfter(delivery: Promise<void>): void {
    this.delivering = true
    const goOn = () => {
      this.delivering = false
      return this.deliverPending()
    }
    // A listener that failed to take one notification may take the next.
    delivery.then(goOn, goOn).catch(() => undefined)
  }
}
