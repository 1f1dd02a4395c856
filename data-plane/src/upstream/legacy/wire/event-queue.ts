import type { SseEvent } from '../../http/sse-parser.ts'

/** Between a stream that comes by itself and a reader that asks: holds what came in one piece, and holds the stream back until that is taken. */
export class EventQueue {
  private events: SseEvent[] = []
  /** Set while what comes still belongs to the same piece. */
  private filling = false
  private closed = false
  private over: { error: Error | undefined } | undefined
  private reader: PromiseWithResolvers<void> | undefined
  private taken: PromiseWithResolvers<void> | undefined

  push(event: SseEvent): void | 'stop' | Promise<void> {
    if (this.closed) return 'stop'
    if (this.filling || this.events.length === 0) return this.add(event)
    this.taken ??= Promise.withResolvers<void>()
    return this.taken.promise.then(() => this.add(event))
  }

  /** Nothing more is wanted. */
  close(): void {
    this.closed = true
    this.taken?.resolve()
  }

  end(error?: Error): void {
    this.over ??= { error }
    this.reader?.resolve()
  }

  /** The next piece; undefined at the end. Rejects with what broke the stream, after all that came before. */
  async next(): Promise<SseEvent[] | undefined> {
    while (this.filling || this.events.length === 0) {
      if (!this.filling && this.over) return this.last(this.over.error)
      this.reader = Promise.withResolvers<void>()
      await this.reader.promise
    }
    const piece = this.events
    this.events = []
    this.taken?.resolve()
    this.taken = undefined
    return piece
  }

  private last(error: Error | undefined): undefined {
    if (error) throw error
    return undefined
  }

  private add(event: SseEvent): void {
    this.events.push(event)
    if (this.filling) return
    this.filling = true
    // The rest of the piece is handed over in this turn of the loop.
    setImmediate(() => {
      this.filling = false
      this.reader?.resolve()
    })
  }
}
