interface Entry {
  readonly at: number
  readonly fire: () => void
}

/**
 * One clock for all time-outs. Setting or cancelling one writes a number into an array; it makes no timer. Precision
 * is one tick. Arrays instead of a Set, because an entry deleted from a Set stays reachable from the Set's old
 * tables, and with it the whole call, until the next full garbage collection. Every call then outlived the young
 * generation, which cost a quarter of its CPU.
 */
export class Timers {
  private readonly tickMs: number
  private deadlines = new Float64Array(64).fill(Infinity)
  private readonly entries: (Entry | undefined)[] = []
  private readonly freeIndexes: number[] = []
  private interval: NodeJS.Timeout | undefined

  constructor({ tickMs = 50 } = {}) {
    this.tickMs = tickMs
  }

  /** Calls `fire` once after at least `afterMs`, unless the returned function was called before. */
  after(afterMs: number, fire: () => void): () => void {
    const at = this.freeIndexes.pop() ?? this.entries.length
    if (at === this.deadlines.length) this.grow()
    const entry: Entry = { at, fire }
    this.entries[at] = entry
    this.deadlines[at] = performance.now() + afterMs
    // Unref: the work that waits keeps the process alive by itself.
    this.interval ??= setInterval(() => this.tick(), this.tickMs).unref()
    return () => {
      if (this.entries[at] === entry) this.drop(at)
    }
  }

  private tick(): void {
    if (this.freeIndexes.length === this.entries.length) return this.stop()
    const nowMs = performance.now()
    for (let at = 0; at < this.entries.length; at++) {
      if ((this.deadlines[at] ?? Infinity) > nowMs) continue
      const entry = this.entries[at]
      this.drop(at)
      entry?.fire()
    }
  }

  private drop(at: number): void {
    this.deadlines[at] = Infinity
    this.entries[at] = undefined
    this.freeIndexes.push(at)
  }

  private grow(): void {
    const deadlines = new Float64Array(this.deadlines.length * 2).fill(Infinity)
    deadlines.set(this.deadlines)
    this.deadlines = deadlines
  }

  private stop(): void {
    clearInterval(this.interval)
    this.interval = undefined
  }
}
