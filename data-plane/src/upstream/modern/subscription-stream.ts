import { isObject } from '../../json/is-object.ts'
import { Cancel } from '../../runtime/cancellation.ts'
import { asError } from '../as-error.ts'
import { protocolFault, timeoutFault } from '../faults.ts'
import { filterOf, keysOf } from '../../protocol/subscription-keys.ts'
import type { ListenKey } from '../../protocol/subscription-keys.ts'
import { callModern } from './call.ts'
import { clientErrorOf } from './error.ts'
import { Throttle } from '../http/throttle.ts'
import type { RemoteConnection } from '../http/connection.ts'
import type { Awaitable } from '../../runtime/awaitable.ts'
import type { ClientFacts, Notification } from '../../protocol/notification.ts'

const subscriptionIdKey = 'io.modelcontextprotocol/subscriptionId'

interface StreamHandlers {
  readonly client: ClientFacts
  readonly onNotification: (notification: Notification) => Awaitable<void>
  /** Called once, after the stream was open; never after `close`. */
  readonly onEnd: (error: Error | undefined) => void
}

/** One `subscriptions/listen` at a modern server. */
export class SubscriptionStream {
  readonly keys: ReadonlySet<ListenKey>
  /** The keys that the server acknowledged. */
  honouredKeys: ReadonlySet<ListenKey> = new Set()
  readonly openedMs = performance.now()
  private readonly options: RemoteConnection
  private readonly handlers: StreamHandlers
  private readonly cancel = new Cancel()
  private readonly throttle = new Throttle()
  private acknowledged = false

  constructor(options: RemoteConnection, keys: ReadonlySet<ListenKey>, handlers: StreamHandlers) {
    this.options = options
    this.keys = keys
    this.handlers = handlers
  }

  /**
   * Resolves once the server has acknowledged the subscription; rejects when it refuses, or does not answer in time.
   */
  open(): Promise<void> {
    const { pool, callTimeoutMs } = this.options
    return new Promise((resolve, reject) => {
      const stopWaiting = pool.timers.after(callTimeoutMs, () => this.acknowledged || this.cancel.abort(timeoutFault(callTimeoutMs)))
      const onOpen = () => {
        stopWaiting()
        resolve()
      }
      const onRefusal = (error: Error) => {
        stopWaiting()
        reject(error)
      }
      this.run(onOpen).then(
        () => this.onExchangeEnd(undefined, onRefusal),
        (error: unknown) => this.onExchangeEnd(asError(error), onRefusal),
      )
    })
  }

  close(): void {
    this.cancel.abort(new Error('nobody listens any more'))
  }

  /** The server may repeat what the stream was sent, for as long as the stream is open. */
  private async run(onOpen: () => void): Promise<void> {
    const release = this.options.sentSecrets.hold()
    return this.exchange(onOpen).finally(release)
  }

  private async exchange(onOpen: () => void): Promise<void> {
    const answer = await callModern(this.options, {
      method: 'subscriptions/listen',
      params: { notifications: filterOf([...this.keys]) },
      client: this.handlers.client,
      cancel: this.cancel,
      endless: true,
      onNotification: (notification) => this.take(notification, onOpen),
    })
    if (answer.kind === 'error') throw clientErrorOf(answer)
  }

  private take(notification: Notification, onOpen: () => void): Awaitable<void> {
    const { method, params } = notification
    if (method !== 'notifications/subscriptions/acknowledged') {
      return this.acknowledged ? this.deliver(withoutSubscriptionId(notification)) : undefined
    }
    if (this.acknowledged) return
    this.acknowledged = true
    this.honouredKeys = new Set(keysOf(params?.['notifications']).filter((key) => this.keys.has(key)))
    onOpen()
  }

  private deliver(notification: Notification): Awaitable<void> {
    const wait = this.throttle.next()
    return wait instanceof Promise
      ? wait.then(() => this.handlers.onNotification(notification))
      : this.handlers.onNotification(notification)
  }

  private onExchangeEnd(error: Error | undefined, reject: (error: Error) => void): void {
    if (!this.acknowledged) return reject(error ?? protocolFault('a subscription that ended before it began'))
    if (!this.cancel.cancelled) this.handlers.onEnd(error)
  }
}

/** The id is of our own subscription and means nothing to a client. */
function withoutSubscriptionId(notification: Notification): Notification {
  const { params } = notification
  if (!params || !isObject(params['_meta'])) return notification
  const { [subscriptionIdKey]: _, ...otherMeta } = params['_meta']
  const { _meta, ...otherParams } = params
  return { ...notification, params: Object.keys(otherMeta).length === 0 ? otherParams : { ...otherParams, _meta: otherMeta } }
}
