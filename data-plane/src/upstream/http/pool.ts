import { Pool } from 'undici'
import { Timers } from '../../runtime/timers.ts'
import { guardedConnector } from './guarded-connector.ts'

export interface HttpPoolOptions {
  /** Only its origin is ever connected to. */
  readonly url: string
  readonly privateNetwork: boolean
  readonly connections?: number
  readonly maxInFlight?: number
  readonly connectTimeoutMs?: number
  readonly timers?: Timers
}

const headerBytes = 32 * 1024

/** The connections to one server, kept alive. Time limits are each exchange's own: a stream may be silent for as long as it likes. */
export class HttpPool {
  readonly dispatcher: Pool
  readonly timers: Timers
  /** Beyond this many at once nobody gets to ask: a server that hangs must not fill this process. */
  readonly maxInFlight: number
  inFlight = 0

  constructor({
    url,
    privateNetwork,
    connections = 2048,
    maxInFlight = 4096,
    connectTimeoutMs = 5000,
    timers = new Timers(),
  }: HttpPoolOptions) {
    this.timers = timers
    this.maxInFlight = maxInFlight
    this.dispatcher = new Pool(new URL(url).origin, {
      connections,
      pipelining: 1,
      allowH2: false,
      connect: guardedConnector(privateNetwork, connectTimeoutMs),
      headersTimeout: 0,
      bodyTimeout: 0,
      // Shorter than what common servers keep, so that none is closed under a request.
      keepAliveTimeout: 4000,
      maxHeaderSize: headerBytes,
    })
  }

  /** What is under way may end by itself for so long; then it is ended. */
  async close(withinMs = 0): Promise<void> {
    if (withinMs > 0 && this.inFlight > 0) await this.idle(withinMs)
    await this.dispatcher.destroy()
  }

  private async idle(withinMs: number): Promise<void> {
    const late = Promise.withResolvers<void>()
    const stop = this.timers.after(withinMs, late.resolve)
    await Promise.race([late.promise, this.dispatcher.close().catch(() => undefined)])
    stop()
  }
}
