import { Pool } from 'undici'
import { Timers } from '../../runtime/timers.ts'
import { serverGuard } from './connect/address.ts'
import { guardedConnector } from './connect/guarded-connector.ts'
import { proxiedConnector } from './connect/proxied-connector.ts'
import { noProxies } from '@bir/sdk/proxies'
import type { ProxyFor } from '@bir/sdk/proxies'

export interface HttpPoolOptions {
  /** Only its origin is ever connected to. */
  readonly url: string
  readonly privateNetwork: boolean
  readonly proxyFor?: ProxyFor | undefined
  readonly connections?: number
  readonly maxInFlight?: number
  readonly connectTimeoutMs?: number
  readonly timers?: Timers
}

const maxHeaderBytes = 32 * 1024

/** The connections to one server, kept alive. Time limits belong to the exchanges, because a stream may be silent. */
export class HttpPool {
  readonly dispatcher: Pool
  readonly timers: Timers
  private readonly maxInFlight: number
  private inFlightCount = 0

  constructor({
    url,
    privateNetwork,
    proxyFor = noProxies,
    connections = 2048,
    maxInFlight = 4096,
    connectTimeoutMs = 5000,
    timers = new Timers(),
  }: HttpPoolOptions) {
    this.timers = timers
    this.maxInFlight = maxInFlight
    const target = new URL(url)
    const guard = serverGuard(privateNetwork)
    const proxy = proxyFor(target)
    this.dispatcher = new Pool(target.origin, {
      connections,
      pipelining: 1,
      allowH2: false,
      connect: proxy
        ? proxiedConnector(proxy, guard, connectTimeoutMs, { pinned: !privateNetwork })
        : guardedConnector(guard, connectTimeoutMs),
      headersTimeout: 0,
      bodyTimeout: 0,
      // Shorter than the keep-alive of common servers, so that no server closes a connection under a request.
      keepAliveTimeout: 4000,
      maxHeaderSize: maxHeaderBytes,
    })
  }

  /** Exchanges that have no result yet. */
  get inFlight(): number {
    return this.inFlightCount
  }

  /** No further exchange may begin: a server that hangs must not fill the memory of this process. */
  get isFull(): boolean {
    return this.inFlightCount >= this.maxInFlight
  }

  /** An exchange begins. It calls `leave` once, when it has a result. */
  enter(): void {
    this.inFlightCount++
  }

  leave(): void {
    this.inFlightCount--
  }

  /** Exchanges under way have `withinMs` to end by themselves; then this ends them. */
  async close(withinMs = 0): Promise<void> {
    if (withinMs > 0 && this.inFlightCount > 0) await this.whenIdle(withinMs)
    await this.dispatcher.destroy()
  }

  private async whenIdle(withinMs: number): Promise<void> {
    const deadline = Promise.withResolvers<void>()
    const stop = this.timers.after(withinMs, deadline.resolve)
    await Promise.race([deadline.promise, this.dispatcher.close().catch(() => undefined)])
    stop()
  }
}
