import type { Awaitable } from '../../runtime/awaitable.ts'
import type { Cleared } from './cleared.ts'
import type { Notification } from '../notification.ts'

/** The way back to a client while its request is being answered. */
export interface Channel {
  /**
   * Sends a notification ahead of the answer. A promise holds the sender back until the client has taken what was
   * sent.
   */
  notify(notification: Cleared<Notification>): Awaitable<void>
  /** Opens the stream before there is anything to say. */
  begin(): void
  /** The same, where the client said that it takes a stream. Any other waits for its answer. */
  beginIfAccepted(): void
  /** Legacy only: a request of the server's, answered by a message of its own. `params` is JSON. */
  request(id: string, method: string, params: Cleared<string> | undefined): Awaitable<void>
}

/** For messages that nothing can be sent ahead of, such as notifications. */
export const noChannel: Channel = {
  notify: () => undefined,
  begin: () => undefined,
  beginIfAccepted: () => undefined,
  request: () => Promise.reject(new Error('there is no stream to ask on')),
}
