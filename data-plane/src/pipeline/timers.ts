/** One timer wheel for all time-outs: adding and taking away is two list operations, never a timer of its own. Precision is one tick. */
export class Timers {
  private readonly slots: Set<Entry>[]
  private readonly tickMs: number
  private at = 0
  private count = 0
  private interval: NodeJS.Timeout | undefined

  constructor({ tickMs = 50, slots = 512 } = {}) {
    this.tickMs = tickMs
    this.slots = Array.from({ length: slots }, () => new Set<Entry>())
  }

  /** Calls `fire` once after at least `afterMs`, unless the returned function was called before. */
  after(afterMs: number, fire: () => void): () => void {
    const ticks = Math.max(1, Math.ceil(afterMs / this.tickMs)) + 1
    const slot = this.slots[(this.at + ticks) % this.slots.length]
    if (!slot) throw new RangeError('the wheel has no slots')
    const entry: Entry = { rounds: Math.floor((ticks - 1) / this.slots.length), fire }
    slot.add(entry)
    this.count++
    this.interval ??= setInterval(() => this.tick(), this.tickMs)
    return () => {
      if (slot.delete(entry)) this.forget()
    }
  }

  private tick(): void {
    this.at = (this.at + 1) % this.slots.length
    const slot = this.slots[this.at] ?? new Set()
    for (const entry of slot) {
      if (entry.rounds-- > 0) continue
      slot.delete(entry)
      this.forget()
      entry.fire()
    }
  }

  private forget(): void {
    this.count--
    if (this.count > 0) return
    clearInterval(this.interval)
    this.interval = undefined
  }
}

interface Entry {
  rounds: number
  fire: () => void
}
