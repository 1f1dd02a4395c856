import { asError } from '../as-error.ts'
import { protocolFault, networkFault, sizeFault } from '../faults.ts'
import { SseFault, SseParser } from './sse-parser.ts'
import type { SseEvent } from './sse-parser.ts'
import type { Awaitable } from '../../runtime/awaitable.ts'

interface EventFlowOptions {
  readonly onEvent: (event: SseEvent) => Awaitable<void | 'stop'>
  readonly maxEventBytes: number
  readonly maxEvents: number
  readonly pause: () => void
  readonly resume: () => void
  readonly fail: (error: Error) => void
  /** The reader took all events and the stream ended, or the reader stopped the stream. */
  readonly done: (stopped: boolean) => void
}

/** Hands on the events of a stream one by one. While the reader takes one, the sender waits. */
export class EventFlow {
  private readonly options: EventFlowOptions
  private readonly parser: SseParser
  private queue: SseEvent[] = []
  /** The reader returned a promise for the last event, and the promise is pending. */
  private readerBusy = false
  /** `fail` or `done` was called. Each flow calls exactly one of them, once. */
  private settled = false
  /** What to do at the end of the stream, set while the reader is busy. */
  private whenDrained: (() => void) | undefined
  private eventCount = 0

  constructor(options: EventFlowOptions) {
    this.options = options
    this.parser = new SseParser({ maxEventBytes: options.maxEventBytes })
  }

  get retryMs(): number | undefined {
    return this.parser.retryMs
  }

  push(chunk: Buffer): void {
    if (this.settled) return
    try {
      const events = this.parser.push(chunk)
      if (events.length === 0) return
      this.queue = this.queue.length === 0 ? events : [...this.queue, ...events]
    } catch (error) {
      const tooLarge = error instanceof SseFault && error.tooLarge
      return this.fail(tooLarge ? sizeFault(this.options.maxEventBytes) : protocolFault(asError(error).message))
    }
    if (!this.readerBusy) this.drain()
  }

  end(): void {
    this.afterDrain(() => this.finish(false))
  }

  /** The stream broke. True when the reader still takes earlier events: then the flow reports the error after them. */
  breakOff(error: Error): boolean {
    if (this.settled || !this.readerBusy) return false
    this.afterDrain(() => this.fail(networkFault(error, true)))
    return true
  }

  private afterDrain(act: () => void): void {
    if (this.settled) return
    if (!this.readerBusy) return act()
    this.whenDrained = act
  }

  private drain(): void {
    for (let at = 0; at < this.queue.length; at++) {
      const event = this.queue[at]
      if (!event || this.settled) return
      if (++this.eventCount > this.options.maxEvents)
        return this.fail(protocolFault(`a stream of more than ${this.options.maxEvents} events`))
      const verdict = this.handOver(event)
      if (verdict === 'stop') return this.finish(true)
      if (verdict instanceof Promise) return this.waitForReader(verdict, this.queue.slice(at + 1))
    }
    this.queue = []
  }

  private handOver(event: SseEvent): Awaitable<void | 'stop'> {
    try {
      return this.options.onEvent(event)
    } catch (error) {
      this.fail(asError(error))
    }
  }

  private waitForReader(verdict: Promise<void | 'stop'>, rest: SseEvent[]): void {
    this.queue = rest
    this.readerBusy = true
    this.options.pause()
    verdict.then(
      (settledVerdict) => this.readerDone(settledVerdict),
      (error: unknown) => this.fail(asError(error)),
    )
  }

  private readerDone(verdict: void | 'stop'): void {
    if (this.settled) return
    this.readerBusy = false
    if (verdict === 'stop') return this.finish(true)
    this.drain()
    if (this.readerBusy) return
    this.options.resume()
    this.whenDrained?.()
  }

  private fail(error: Error): void {
    if (this.settled) return
    this.settled = true
    this.options.fail(error)
  }

  private finish(stopped: boolean): void {
    if (this.settled) return
    this.settled = true
    this.options.resume()
    this.options.done(stopped)
  }
}
