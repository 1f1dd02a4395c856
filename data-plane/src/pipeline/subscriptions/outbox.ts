import type { Awaitable } from '../../runtime/awaitable.ts'
import type { Cleared } from '../../protocol/channel/cleared.ts'
import { listChangeOf } from '../../protocol/facts/list-changes.ts'
import type { Notification } from '../../protocol/notification.ts'

/**
 * Notifications for a client that may read slowly. While the client has not taken one, a newer one about the same
 * subject replaces it.
 */
export class Outbox {
  private readonly tell: (notification: Cleared<Notification>) => Awaitable<void>
  private readonly waiting = new Map<string, Cleared<Notification>>()
  private busy = false

  constructor(tell: (notification: Cleared<Notification>) => Awaitable<void>) {
    this.tell = tell
  }

  put(about: string, notification: Cleared<Notification>): void {
    this.waiting.set(about, notification)
    if (!this.busy) this.send()
  }

  private send(): void {
    for (const [about, notification] of this.waiting) {
      this.waiting.delete(about)
      const sending = this.tell(notification)
      if (sending instanceof Promise) return this.wait(sending)
    }
  }

  private wait(sending: Promise<void>): void {
    this.busy = true
    const goOn = () => {
      this.busy = false
      return this.send()
    }
    // When one cannot be sent the client has left. Whoever watches the connection is told elsewhere.
    sending.then(goOn, goOn).catch(() => undefined)
  }
}

/**
 * The subject of a notification that a newer one may replace. Undefined when every single one must arrive, such as a
 * log message.
 */
export function subjectOf({ method, params }: Notification): string | undefined {
  if (listChangeOf(method)) return method
  const subject = method === 'notifications/resources/updated' ? params?.['uri'] : params?.['taskId']
  const isNews = method === 'notifications/resources/updated' || method === 'notifications/tasks'
  return isNews && typeof subject === 'string' ? `${method} ${subject}` : undefined
}
