import { setImmediate as turn } from 'node:timers/promises'
import { protocolFault } from '../faults.ts'
import { Subscriber } from './subscriber.ts'
import { filterOf, keysFor, keysOf, notificationOfKey } from '../../protocol/subscription-keys.ts'
import type { ListenKey } from '../../protocol/subscription-keys.ts'
import { SubscriptionStream } from './subscription-stream.ts'
import type { RemoteConnection } from '../http/connection.ts'
import type { Listening, ListenRequest } from '../upstream.ts'
import type { ClientFacts, Notification } from '../../protocol/notification.ts'

/** So many are told between two turns of the loop. */
const atOnce = 500
/** A stream that broke sooner than this is not opened anew: its listeners are told. */
const usuallyWorthMs = 10_000

/** All who listen to one server share one stream, which asks for what any of them wants; each is told only what it asked for. */
export class SubscriptionHub {
  private readonly options: RemoteConnection
  private readonly client: ClientFacts
  private readonly worthAnotherMs: number
  private readonly byKey = new Map<ListenKey, Set<Subscriber>>()
  private readonly listeners = new Set<Subscriber>()
  private stream: SubscriptionStream | undefined
  private opening: Promise<void> | undefined

  constructor(options: RemoteConnection, client: ClientFacts, worthAnotherMs = usuallyWorthMs) {
    this.options = options
    this.client = client
    this.worthAnotherMs = worthAnotherMs
  }

  async join(request: ListenRequest): Promise<Listening> {
    const listener = new Subscriber(request, keysOf(request.filter))
    this.add(listener)
    const forget = request.cancel.subscribe((cause) => this.leave(listener, cause))
    listener.onGone = forget
    try {
      await this.cover(listener)
    } catch (error) {
      this.leave(listener)
      throw error
    }
    const honoured = this.stream?.honoured ?? new Set()
    listener.start()
    return { honoured: filterOf(listener.keys.filter((key) => honoured.has(key))) }
  }

  close(): void {
    this.endAll(undefined)
  }

  /** Several who come while a stream is being opened share the next one. */
  private async cover(listener: Subscriber): Promise<void> {
    while (!this.covers(listener)) {
      if (listener.gone) throw listener.cause ?? protocolFault('a subscription that ended as soon as it began')
      this.opening ??= this.reopen().finally(() => (this.opening = undefined))
      await this.opening
    }
  }

  private covers({ keys, gone }: Subscriber): boolean {
    const asked = this.stream?.asked
    return !gone && asked !== undefined && keys.every((key) => asked.has(key))
  }

  /** Opens a stream for all that is wanted now; the one before ends only when this one stands. */
  private async reopen(): Promise<void> {
    const stream: SubscriptionStream = new SubscriptionStream(this.options, new Set(this.byKey.keys()), {
      client: this.client,
      onNotification: (notification) => this.tell(stream, notification),
      onEnd: (error) => this.ended(stream, error),
    })
    await stream.open()
    this.stream?.close()
    this.stream = stream
    if (this.listeners.size === 0) this.drop()
  }

  private async tell(stream: SubscriptionStream, notification: Notification): Promise<void> {
    if (this.stream !== undefined && stream !== this.stream) return
    let told = 0
    for (const key of keysFor(notification)) {
      for (const listener of this.byKey.get(key) ?? []) {
        listener.tell(key, notification)
        if (++told % atOnce === 0) await turn()
      }
    }
  }

  private ended(stream: SubscriptionStream, error: Error | undefined): void {
    if (stream !== this.stream) return
    this.stream = undefined
    if (this.opening) return void this.opening.catch((cause: unknown) => this.endAll(asError(cause)))
    if (!error || performance.now() - stream.openedMs < this.worthAnotherMs) return this.endAll(error)
    this.opening = this.reopen().finally(() => (this.opening = undefined))
    this.opening.then(
      () => this.tellMissed(),
      () => this.endAll(error),
    )
  }

  private tellMissed(): void {
    for (const [key, listeners] of this.byKey) {
      const notification = notificationOfKey(key)
      if (notification) listeners.forEach((listener) => listener.tell(key, notification))
    }
  }

  private add(listener: Subscriber): void {
    this.listeners.add(listener)
    for (const key of listener.keys) {
      const same = this.byKey.get(key)
      if (same) same.add(listener)
      else this.byKey.set(key, new Set([listener]))
    }
  }

  private leave(listener: Subscriber, cause?: Error): void {
    listener.end(cause)
    if (!this.listeners.delete(listener)) return
    for (const key of listener.keys) {
      const same = this.byKey.get(key)
      same?.delete(listener)
      if (same?.size === 0) this.byKey.delete(key)
    }
    if (this.listeners.size === 0) this.drop()
  }

  private drop(): void {
    this.stream?.close()
    this.stream = undefined
  }

  private endAll(error: Error | undefined): void {
    const all = [...this.listeners]
    this.listeners.clear()
    this.byKey.clear()
    this.drop()
    for (const listener of all) listener.endedByServer(error)
  }
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)))
