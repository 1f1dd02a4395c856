import type { Cancel } from '../runtime/cancellation.ts'

/**
 * The streams that have no end of their own: those of legacy sessions, and `subscriptions/listen`. A plane that stops
 * ends them at once, each in the way of its era, and waits for none.
 */
export class OpenStreams {
  private readonly streams = new Set<Pick<Cancel, 'abort'>>()
  private stopping = false

  get isStopping(): boolean {
    return this.stopping
  }

  /** Counts a stream as open until the returned function is called. While the plane stops, the stream ends at once. */
  add(stream: Pick<Cancel, 'abort'>): () => void {
    this.streams.add(stream)
    if (this.stopping) stream.abort(planeStops())
    return () => this.streams.delete(stream)
  }

  /** Ends every stream, and from now on each that is opened. */
  stop(): void {
    this.stopping = true
    for (const stream of this.streams) stream.abort(planeStops())
  }
}

const planeStops = () => new Error('the plane stops')
