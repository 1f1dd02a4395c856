import { isObject } from '../../json/is-object.ts'
import { Cancel } from '../../runtime/cancellation.ts'
import { protocolFault, timeoutFault } from '../faults.ts'
import { filterOf, keysOf } from '../../protocol/subscription-keys.ts'
import type { ListenKey } from '../../protocol/subscription-keys.ts'
import { callModern } from './call.ts'
import { relayable } from './error.ts'
import { Throttle } from '../http/throttle.ts'
import type { RemoteConnection } from '../http/connection.ts'
import type { Awaitable } from '../../runtime/awaitable.ts'
import type { ClientFacts, Notification } from '../../protocol/notification.ts'

const subscriptionId = 'io.modelcontextprotocol/subscriptionId'

interface StreamHandlers {
  readonly client: ClientFacts
  readonly onNotification: (notification: Notification) => Awaitable<void>
  /** Once, after it was open; never after `close`. */
  readonly onEnd: (error: Error | undefined) => void
}

/** One `subscriptions/listen` at a modern server. */
export class SubscriptionStream {
  readonly asked: ReadonlySet<ListenKey>
  honoured: ReadonlySet<ListenKey> = new Set()
  readonly openedMs = performance.now()
  private readonly options: RemoteConnection
  private readonly ears: StreamHandlers
  private readonly cancel = new Cancel()
  private readonly pace = new Throttle()
  private acknowledged = false

  constructor(options: RemoteConnection, asked: ReadonlySet<ListenKey>, ears: StreamHandlers) {
    this.options = options
    this.asked = asked
    this.ears = ears
  }

  /** Resolves once the server has acknowledged; rejects when it will not, or not in time. */
  open(): Promise<void> {
    const { pool, callTimeoutMs } = this.options
    return new Promise((resolve, reject) => {
      const stopWaiting = pool.timers.after(callTimeoutMs, () => this.acknowledged || this.cancel.abort(timeoutFault(callTimeoutMs)))
      const opened = () => {
        stopWaiting()
        resolve()
      }
      const refused = (error: Error) => {
        stopWaiting()
        reject(error)
      }
      this.run(opened).then(
        () => this.ended(undefined, refused),
        (error: unknown) => this.ended(error instanceof Error ? error : new Error(String(error)), refused),
      )
    })
  }

  close(): void {
    this.cancel.abort(new Error('nobody listens any more'))
  }

  private async run(opened: () => void): Promise<void> {
    const answer = await callModern(this.options, {
      method: 'subscriptions/listen',
      params: { notifications: filterOf([...this.asked]) },
      client: this.ears.client,
      cancel: this.cancel,
      endless: true,
      onNotification: (notification) => this.take(notification, opened),
    })
    if (answer.kind === 'error') throw relayable(answer)
  }

  private take(notification: Notification, opened: () => void): Awaitable<void> {
    const { method, params } = notification
    if (method !== 'notifications/subscriptions/acknowledged') {
      return this.acknowledged ? this.hand(bare(notification)) : undefined
    }
    if (this.acknowledged) return
    this.acknowledged = true
    this.honoured = new Set(keysOf(params?.['notifications']).filter((key) => this.asked.has(key)))
    opened()
  }

  private hand(notification: Notification): Awaitable<void> {
    const wait = this.pace.next()
    return wait instanceof Promise ? wait.then(() => this.ears.onNotification(notification)) : this.ears.onNotification(notification)
  }

  private ended(error: Error | undefined, reject: (error: Error) => void): void {
    if (!this.acknowledged) return reject(error ?? protocolFault('a subscription that ended before it began'))
    if (!this.cancel.cancelled) this.ears.onEnd(error)
  }
}

/** Without the id of our own subscription. */
function bare(notification: Notification): Notification {
  const { params } = notification
  if (!params || !isObject(params['_meta'])) return notification
  const { [subscriptionId]: _, ...others } = params['_meta']
  const { _meta, ...rest } = params
  return { ...notification, params: Object.keys(others).length === 0 ? rest : { ...rest, _meta: others } }
}
