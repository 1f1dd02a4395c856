/**
 * What is under way, to be looked through now and then. To add and to remove writes a place of an array. Arrays instead
 * of a Set, because an entry deleted from a Set stays reachable until the next full garbage collection (see `Timers`).
 */
export class Slots<T extends object> {
  private readonly entries: (T | undefined)[] = []
  private readonly freeIndexes: number[] = []

  get size(): number {
    return this.entries.length - this.freeIndexes.length
  }

  /** Returns the place of the entry, by which it is removed. */
  add(entry: T): number {
    const index = this.freeIndexes.pop() ?? this.entries.length
    this.entries[index] = entry
    return index
  }

  /** Does nothing when the entry is not in that place any more. */
  remove(index: number, entry: T): void {
    if (this.entries[index] !== entry) return
    this.entries[index] = undefined
    this.freeIndexes.push(index)
  }

  /** Entries may be added and removed meanwhile: one that is added may be missed. */
  *[Symbol.iterator](): Generator<readonly [index: number, entry: T]> {
    for (let index = 0; index < this.entries.length; index++) {
      const entry = this.entries[index]
      if (entry) yield [index, entry]
    }
  }
}
