import { setImmediate as turn } from 'node:timers/promises'
import { asError } from '../as-error.ts'
import { protocolFault } from '../faults.ts'
import { Subscriber } from './subscriber.ts'
import { filterOf, keysFor, keysOf, notificationOfKey } from '../../protocol/subscription-keys.ts'
import type { ListenKey } from '../../protocol/subscription-keys.ts'
import { SubscriptionStream } from './subscription-stream.ts'
import type { RemoteConnection } from '../http/connection.ts'
import type { Listening, ListenRequest } from '../upstream.ts'
import type { ClientFacts, Notification } from '../../protocol/notification.ts'

/** After this many deliveries other work gets a turn of the event loop. */
const maxPerTurn = 500
/** A stream that broke sooner than this is not reopened: its listeners end with its error. */
const defaultMinLifeMs = 10_000

/**
 * All listeners of one server share one stream. It subscribes to everything that any of them wants, and each listener
 * receives only what it wants itself.
 */
export class SubscriptionHub {
  private readonly options: RemoteConnection
  private readonly client: ClientFacts
  private readonly minLifeMs: number
  private readonly byKey = new Map<ListenKey, Set<Subscriber>>()
  private readonly listeners = new Set<Subscriber>()
  private stream: SubscriptionStream | undefined
  private opening: Promise<void> | undefined

  constructor(options: RemoteConnection, client: ClientFacts, minLifeMs = defaultMinLifeMs) {
    this.options = options
    this.client = client
    this.minLifeMs = minLifeMs
  }

  async join(request: ListenRequest): Promise<Listening> {
    const listener = new Subscriber(request, keysOf(request.filter))
    this.add(listener)
    const unsubscribe = request.cancel.subscribe((cause) => this.leave(listener, cause))
    listener.onClose = unsubscribe
    try {
      await this.cover(listener)
    } catch (error) {
      this.leave(listener)
      throw error
    }
    const honoured = this.stream?.honouredKeys ?? new Set()
    listener.start()
    return { honoured: filterOf(listener.keys.filter((key) => honoured.has(key))) }
  }

  close(): void {
    this.endAll(undefined)
  }

  /** Opens a stream that covers the listener. Listeners that join while a stream opens share the next one. */
  private async cover(listener: Subscriber): Promise<void> {
    while (!this.covers(listener)) {
      if (listener.closed) throw listener.closeCause ?? protocolFault('a subscription that ended as soon as it began')
      this.opening ??= this.reopen().finally(() => (this.opening = undefined))
      await this.opening
    }
  }

  private covers({ keys, closed }: Subscriber): boolean {
    const streamKeys = this.stream?.keys
    return !closed && streamKeys !== undefined && keys.every((key) => streamKeys.has(key))
  }

  /** Opens a stream for all keys that listeners want now. The earlier stream ends only after this one has opened. */
  private async reopen(): Promise<void> {
    const stream: SubscriptionStream = new SubscriptionStream(this.options, new Set(this.byKey.keys()), {
      client: this.client,
      onNotification: (notification) => this.distribute(stream, notification),
      onEnd: (error) => this.onStreamEnd(stream, error),
    })
    await stream.open()
    this.stream?.close()
    this.stream = stream
    if (this.listeners.size === 0) this.closeStream()
  }

  private async distribute(stream: SubscriptionStream, notification: Notification): Promise<void> {
    if (this.stream !== undefined && stream !== this.stream) return
    let deliveries = 0
    for (const key of keysFor(notification)) {
      for (const listener of this.byKey.get(key) ?? []) {
        listener.add(key, notification)
        if (++deliveries % maxPerTurn === 0) await turn()
      }
    }
  }

  private onStreamEnd(stream: SubscriptionStream, error: Error | undefined): void {
    if (stream !== this.stream) return
    this.stream = undefined
    if (this.opening) return void this.opening.catch((cause: unknown) => this.endAll(asError(cause)))
    if (!error || performance.now() - stream.openedMs < this.minLifeMs) return this.endAll(error)
    this.opening = this.reopen().finally(() => (this.opening = undefined))
    this.opening.then(
      () => this.announceMissed(),
      () => this.endAll(error),
    )
  }

  /** The listeners may have missed notifications while no stream was open. */
  private announceMissed(): void {
    for (const [key, listeners] of this.byKey) {
      const notification = notificationOfKey(key)
      if (notification) listeners.forEach((listener) => listener.add(key, notification))
    }
  }

  private add(listener: Subscriber): void {
    this.listeners.add(listener)
    for (const key of listener.keys) {
      const listeners = this.byKey.get(key)
      if (listeners) listeners.add(listener)
      else this.byKey.set(key, new Set([listener]))
    }
  }

  private leave(listener: Subscriber, cause?: Error): void {
    listener.close(cause)
    if (!this.listeners.delete(listener)) return
    for (const key of listener.keys) {
      const listeners = this.byKey.get(key)
      listeners?.delete(listener)
      if (listeners?.size === 0) this.byKey.delete(key)
    }
    if (this.listeners.size === 0) this.closeStream()
  }

  private closeStream(): void {
    this.stream?.close()
    this.stream = undefined
  }

  private endAll(error: Error | undefined): void {
    const listeners = [...this.listeners]
    this.listeners.clear()
    this.byKey.clear()
    this.closeStream()
    for (const listener of listeners) listener.closeByServer(error)
  }
}
