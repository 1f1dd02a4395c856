import { setImmediate as nextTurn } from 'node:timers/promises'

const maxSliceMs = 4

/**
 * Divides long work into short turns of the event loop, so that calls are answered in between. The worker asks
 * between two pieces.
 */
export class TimeSlice {
  private startedMs = performance.now()

  /** Waits for the next turn of the event loop if this turn has taken its time. */
  yieldIfSpent(): Promise<void> | undefined {
    return performance.now() - this.startedMs < maxSliceMs ? undefined : this.next()
  }

  private async next(): Promise<void> {
    await nextTurn()
    this.startedMs = performance.now()
  }
}
