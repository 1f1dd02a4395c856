import type { SseEvent } from '../../http/sse-parser.ts'

/**
 * Stands between a stream that pushes events and a reader that pulls them. It holds the events that came in one
 * chunk, and holds the stream back until the reader takes them.
 */
export class EventQueue {
  private events: SseEvent[] = []
  /** True while further events may belong to the same chunk. */
  private filling = false
  private closed = false
  /** How the stream ended. */
  private ending: { error: Error | undefined } | undefined
  /** Resolves when the waiting reader should look again. */
  private wakeReader: PromiseWithResolvers<void> | undefined
  /** Resolves when the reader has taken the events. */
  private emptied: PromiseWithResolvers<void> | undefined

  push(event: SseEvent): void | 'stop' | Promise<void> {
    if (this.closed) return 'stop'
    if (this.filling || this.events.length === 0) return this.add(event)
    this.emptied ??= Promise.withResolvers<void>()
    return this.emptied.promise.then(() => this.add(event))
  }

  /** The reader wants no more events. */
  close(): void {
    this.closed = true
    this.emptied?.resolve()
  }

  end(error?: Error): void {
    this.ending ??= { error }
    this.wakeReader?.resolve()
  }

  /** The events of the next chunk; undefined at the end. An error of the stream rejects after all earlier events. */
  async next(): Promise<SseEvent[] | undefined> {
    while (this.filling || this.events.length === 0) {
      if (!this.filling && this.ending) return this.finish(this.ending.error)
      this.wakeReader = Promise.withResolvers<void>()
      await this.wakeReader.promise
    }
    const events = this.events
    this.events = []
    this.emptied?.resolve()
    this.emptied = undefined
    return events
  }

  private finish(error: Error | undefined): undefined {
    if (error) throw error
    return undefined
  }

  private add(event: SseEvent): void {
    this.events.push(event)
    if (this.filling) return
    this.filling = true
    // The HTTP client pushes the other events of the chunk in this turn of the event loop.
    setImmediate(() => {
      this.filling = false
      this.wakeReader?.resolve()
    })
  }
}
