import type { Awaitable } from '../../runtime/awaitable.ts'
import type { Cleared } from '../../protocol/channel/cleared.ts'
import { listChangeOf } from '../../protocol/facts/list-changes.ts'
import type { Notification } from '../../protocol/notification.ts'

/** News for a client that may read slowly: of what it has not taken yet, a newer word replaces an older one about the same. */
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
      const told = this.tell(notification)
      if (told instanceof Promise) return this.wait(told)
    }
  }

  private wait(told: Promise<void>): void {
    this.busy = true
    void told
      // A client that is gone takes nothing more; whoever watches for it is told so elsewhere.
      .catch(() => undefined)
      .then(() => {
        this.busy = false
        return this.send()
      })
  }
}

/** What a notification is news about; undefined where every single one must be heard, such as a log. */
export function subjectOf({ method, params }: Notification): string | undefined {
  if (listChangeOf(method)) return method
  const subject = method === 'notifications/resources/updated' ? params?.['uri'] : params?.['taskId']
  const isNews = method === 'notifications/resources/updated' || method === 'notifications/tasks'
  return isNews && typeof subject === 'string' ? `${method} ${subject}` : undefined
}
