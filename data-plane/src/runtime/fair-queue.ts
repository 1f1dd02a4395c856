import { ToolError } from '@bir/sdk/contract/errors'
import { FairOrder } from './fair-order.ts'
import type { FairLimits, NoRoom } from './fair-order.ts'

interface Entry {
  start(): void
  reject(cause: unknown): void
}

interface FairQueueOptions extends FairLimits {
  /** What people wait for, as a refusal names it: `the chart renderer`. */
  readonly resource: string
  readonly now?: () => number
}

const maxRetryAfterS = 60
/** The mean follows the latest runs: each new one counts for an eighth. */
const newestWeight = 1 / 8

/**
 * Runs work at a resource that all people share: a few places, a fair order, and a bounded queue. Work that was given
 * up while it waited never runs. Work beyond the bounds is refused with `rate_limited` and the time to come back.
 */
export class FairQueue {
  private readonly order: FairOrder<Entry>
  private readonly options: FairQueueOptions
  private readonly now: () => number
  /** How long a piece of work holds its place, in the mean. */
  private meanRunMs = 0
  private idle: PromiseWithResolvers<void> | undefined

  constructor(options: FairQueueOptions) {
    this.options = options
    this.order = new FairOrder(options)
    this.now = options.now ?? (() => performance.now())
  }

  /** How many pieces of work wait. */
  get waitingCount(): number {
    return this.order.waitingCount
  }

  /**
   * Runs the work when it is this person's turn. When the signal is aborted, this rejects at once: with `rate_limited`
   * if the time of the call was over before its turn, else with the signal's reason. Work that waits is then dropped;
   * work that runs keeps its place until it has settled.
   */
  run<T>(person: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    if (signal.aborted) return Promise.reject(signal.reason as Error)
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    const giveUp = () => {
      const waited = this.order.leave(person, entry)
      reject(waited && isTimeOut(signal.reason) ? this.busy() : (signal.reason as Error))
    }
    const settle = (startedMs: number) => {
      signal.removeEventListener('abort', giveUp)
      this.learn(this.now() - startedMs)
      this.order.free(person)
      this.serve()
    }
    const entry: Entry = {
      reject: (cause) => {
        signal.removeEventListener('abort', giveUp)
        reject(cause)
      },
      start: () => {
        const startedMs = this.now()
        const running = (async () => work())()
        // Settled first, so that the place is free when the caller goes on.
        running.finally(() => settle(startedMs)).then(resolve, reject)
      },
    }

    const noRoom = this.order.join(person, entry)
    if (noRoom) return Promise.reject(this.refusal(noRoom))
    signal.addEventListener('abort', giveUp, { once: true })
    this.serve()
    return promise
  }

  /** Resolves when no work waits or runs. Work that comes later is not waited for. */
  async whenIdle(): Promise<void> {
    while (!this.order.isIdle) {
      this.idle ??= Promise.withResolvers()
      await this.idle.promise
    }
  }

  /** Rejects all work that waits. Work that runs goes on. */
  rejectWaiting(cause: unknown): void {
    for (const { reject } of this.order.leaveAll()) reject(cause)
  }

  private serve(): void {
    for (let entry = this.order.next(); entry; entry = this.order.next()) entry.start()
    if (!this.idle || !this.order.isIdle) return
    this.idle.resolve()
    this.idle = undefined
  }

  private learn(runMs: number): void {
    this.meanRunMs += (runMs - this.meanRunMs) * (this.meanRunMs === 0 ? 1 : newestWeight)
  }

  private refusal(noRoom: NoRoom): ToolError {
    const { resource } = this.options
    const retryAfterS = this.retryAfterS()
    const [message, hint] =
      noRoom === 'person'
        ? [`Too many of your calls wait for ${resource}.`, `Wait for their answers, or try again in ${retryAfterS} s.`]
        : [`Too many people wait for ${resource}.`, `Try again in ${retryAfterS} s.`]
    return new ToolError('rate_limited', message, { hint, retryable: true, retryAfterS })
  }

  /** For a call whose turn came too late, or not at all. */
  busy(): ToolError {
    const retryAfterS = this.retryAfterS()
    const message = `Earlier calls, maybe your own, kept ${this.options.resource} busy until the time of this call was over.`
    return new ToolError('rate_limited', message, { hint: `Try again in ${retryAfterS} s.`, retryable: true, retryAfterS })
  }

  /** When each person who waits has had a turn, in whole seconds. */
  private retryAfterS(): number {
    const roundMs = (this.meanRunMs * this.order.peopleWaiting) / this.options.places
    return Math.min(Math.max(Math.ceil(roundMs / 1000), 1), maxRetryAfterS)
  }
}

/** What `AbortSignal.timeout` gives as its reason. */
const isTimeOut = (reason: unknown): boolean => reason instanceof DOMException && reason.name === 'TimeoutError'
