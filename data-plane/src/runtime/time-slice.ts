import { setImmediate as nextTurn } from 'node:timers/promises'

const longestMs = 4

/** Long work in short turns: whoever does it asks between two pieces, and calls are answered in between. */
export class TimeSlice {
  private startedMs = performance.now()

  /** Waits for the next turn of the event loop when this one has lasted long enough. */
  yieldIfSpent(): Promise<void> | undefined {
    return performance.now() - this.startedMs < longestMs ? undefined : this.next()
  }

  private async next(): Promise<void> {
    await nextTurn()
    this.startedMs = performance.now()
  }
}
