import { protocolFault, networkFault, sizeFault } from '../faults.ts'
import { SseFault, SseParser } from './sse-parser.ts'
import type { SseEvent } from './sse-parser.ts'
import type { Awaitable } from '../../runtime/awaitable.ts'

interface Flow {
  readonly onEvent: (event: SseEvent) => Awaitable<void | 'stop'>
  readonly maxEventBytes: number
  readonly maxEvents: number
  readonly pause: () => void
  readonly resume: () => void
  readonly fail: (error: Error) => void
  /** All events were taken and the stream ended, or its reader stopped it. */
  readonly done: (stopped: boolean) => void
}

/** Hands on a stream's events one by one; while one is being taken, the sender waits. */
export class EventFlow {
  private readonly flow: Flow
  private readonly parser: SseParser
  private queue: SseEvent[] = []
  private busy = false
  private over = false
  private ending: (() => void) | undefined
  private count = 0

  constructor(flow: Flow) {
    this.flow = flow
    this.parser = new SseParser({ maxEventBytes: flow.maxEventBytes })
  }

  get retryMs(): number | undefined {
    return this.parser.retryMs
  }

  push(chunk: Buffer): void {
    if (this.over) return
    try {
      const events = this.parser.push(chunk)
      if (events.length === 0) return
      this.queue = this.queue.length === 0 ? events : [...this.queue, ...events]
    } catch (error) {
      return this.fail(error instanceof SseFault && error.tooLarge ? sizeFault(this.flow.maxEventBytes) : protocolFault(messageOf(error)))
    }
    if (!this.busy) this.take()
  }

  end(): void {
    this.whenTaken(() => this.finish(false))
  }

  /** True when the break is told after what came before it was taken. */
  broken(error: Error): boolean {
    if (this.over || !this.busy) return false
    this.whenTaken(() => this.fail(networkFault(error)))
    return true
  }

  private whenTaken(then: () => void): void {
    if (this.over) return
    if (!this.busy) return then()
    this.ending = then
  }

  private take(): void {
    for (let at = 0; at < this.queue.length; at++) {
      const event = this.queue[at]
      if (!event || this.over) return
      if (++this.count > this.flow.maxEvents) return this.fail(protocolFault(`a stream of more than ${this.flow.maxEvents} events`))
      const taken = this.handOver(event)
      if (taken === 'stop') return this.finish(true)
      if (taken instanceof Promise) return this.wait(taken, this.queue.slice(at + 1))
    }
    this.queue = []
  }

  private handOver(event: SseEvent): Awaitable<void | 'stop'> {
    try {
      return this.flow.onEvent(event)
    } catch (error) {
      this.fail(asError(error))
    }
  }

  private wait(taken: Promise<void | 'stop'>, rest: SseEvent[]): void {
    this.queue = rest
    this.busy = true
    this.flow.pause()
    taken.then(
      (said) => this.taken(said),
      (error: unknown) => this.fail(asError(error)),
    )
  }

  private taken(said: void | 'stop'): void {
    if (this.over) return
    this.busy = false
    if (said === 'stop') return this.finish(true)
    this.take()
    if (this.busy) return
    this.flow.resume()
    this.ending?.()
  }

  private fail(error: Error): void {
    if (this.over) return
    this.over = true
    this.flow.fail(error)
  }

  private finish(stopped: boolean): void {
    if (this.over) return
    this.over = true
    this.flow.resume()
    this.flow.done(stopped)
  }
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)))
const messageOf = (error: unknown): string => asError(error).message
