import type { Cleared } from '../../protocol/channel/cleared.ts'
import type { Notification } from '../../protocol/notification.ts'
import type { Awaitable } from '../../runtime/awaitable.ts'

type Send = (notification: Cleared<Notification>) => Awaitable<void>

/** Sends notifications in the order they came, also when a filter takes its time over one of them. */
export class OrderedNotifications {
  private readonly send: Send
  private sending: Promise<void> | undefined

  constructor(send: Send) {
    this.send = send
  }

  /** The notifications that wait; undefined when all are sent. Never rejects. */
  get pending(): Promise<void> | undefined {
    return this.sending
  }

  /** Undefined in place of a notification: a filter has failed, and it is not sent. A promise holds the sender back. */
  put(cleared: Awaitable<Cleared<Notification> | undefined>): Awaitable<void> {
    if (!this.sending && !(cleared instanceof Promise)) return cleared && this.send(cleared)
    const turn = this.sendAfter(this.sending, cleared).finally(() => {
      if (this.sending === turn) this.sending = undefined
    })
    this.sending = turn
    return turn
  }

  private async sendAfter(before: Promise<void> | undefined, cleared: Awaitable<Cleared<Notification> | undefined>): Promise<void> {
    try {
      await before
      const notification = await cleared
      if (notification) await this.send(notification)
    } catch {
      // The client has left: nothing more can be sent.
    }
  }
}
