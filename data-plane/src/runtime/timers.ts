interface Entry {
  readonly at: number
  readonly fire: () => void
}

/**
 * One clock for all time-outs: setting and taking back is a number in an array, never a timer of its own. Precision is one tick.
 * Arrays, not sets: what a set has dropped stays reachable from its outgrown tables, and with it the whole call, until the next full
 * collection; every call then outlives the young generation, which cost a quarter of its CPU.
 */
export class Timers {
  private readonly tickMs: number
  private deadlines = new Float64Array(64).fill(Infinity)
  private readonly entries: (Entry | undefined)[] = []
  private readonly free: number[] = []
  private interval: NodeJS.Timeout | undefined

  constructor({ tickMs = 50 } = {}) {
    this.tickMs = tickMs
  }

  /** Calls `fire` once after at least `afterMs`, unless the returned function was called before. */
  after(afterMs: number, fire: () => void): () => void {
    const at = this.free.pop() ?? this.entries.length
    if (at === this.deadlines.length) this.grow()
    const entry: Entry = { at, fire }
    this.entries[at] = entry
    this.deadlines[at] = performance.now() + afterMs
    // Whoever waits has something else that keeps the process alive.
    this.interval ??= setInterval(() => this.tick(), this.tickMs).unref()
    return () => {
      if (this.entries[at] === entry) this.drop(at)
    }
  }

  private tick(): void {
    if (this.free.length === this.entries.length) return this.rest()
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
    this.free.push(at)
  }

  private grow(): void {
    const wider = new Float64Array(this.deadlines.length * 2).fill(Infinity)
    wider.set(this.deadlines)
    this.deadlines = wider
  }

  private rest(): void {
    clearInterval(this.interval)
    this.interval = undefined
  }
}
