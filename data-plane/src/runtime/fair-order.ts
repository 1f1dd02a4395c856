/** How a person stands: the places they hold, and what of theirs waits, oldest first. */
interface Share<Entry> {
  heldCount: number
  readonly waiting: Entry[]
}

export interface FairLimits {
  /** How many entries may run at once. */
  readonly places: number
  /** How many entries may wait, of all people together. */
  readonly maxWaiting: number
  readonly maxWaitingPerPerson: number
}

/** Why an entry may not wait: its person has too many waiting, or all people together have. */
export type NoRoom = 'person' | 'all'

/**
 * The order in which people share places: in turn, one entry each. The last free place goes only to a person who holds
 * none, so that nobody, and no few busy people, can keep everybody else out. In the same way the last quarter of the
 * room to wait is kept for people of whom nothing waits. It knows no clock and runs nothing: `FairQueue` does.
 */
export class FairOrder<Entry> {
  private readonly limits: FairLimits
  /** Everybody who holds a place or waits. Of those who wait, the first has the next turn. */
  private readonly shares = new Map<string, Share<Entry>>()
  private freeCount: number
  private totalWaiting = 0

  constructor(limits: FairLimits) {
    this.limits = limits
    this.freeCount = limits.places
  }

  get waitingCount(): number {
    return this.totalWaiting
  }

  /** Nobody holds a place or waits. */
  get isIdle(): boolean {
    return this.shares.size === 0
  }

  /** How many people wait. */
  get peopleWaiting(): number {
    let count = 0
    for (const { waiting } of this.shares.values()) if (waiting.length > 0) count++
    return count
  }

  /** Puts an entry into the queue, unless there is no room for it. Ask `next` afterwards: its turn may be now. */
  join(person: string, entry: Entry): NoRoom | undefined {
    const share = this.shares.get(person) ?? { heldCount: 0, waiting: [] }
    const noRoom = this.mayHavePlace(share) ? undefined : this.lacksRoom(share)
    if (noRoom) return noRoom
    if (share.waiting.length === 0) this.moveToEnd(person, share)
    share.waiting.push(entry)
    this.totalWaiting++
    return undefined
  }

  /** Takes a waiting entry out of the queue. False when it does not wait. */
  leave(person: string, entry: Entry): boolean {
    const share = this.shares.get(person)
    const index = share?.waiting.indexOf(entry) ?? -1
    if (!share || index < 0) return false
    share.waiting.splice(index, 1)
    this.totalWaiting--
    this.forgetIfIdle(person, share)
    return true
  }

  /** Gives a place to the entry whose turn it is. Undefined when no place is free for anybody who waits. */
  next(): Entry | undefined {
    if (this.freeCount === 0 || this.totalWaiting === 0) return undefined
    for (const [person, share] of this.shares) {
      if (share.waiting.length === 0 || !this.mayHavePlace(share)) continue
      const entry = share.waiting.shift()
      share.heldCount++
      this.freeCount--
      this.totalWaiting--
      this.moveToEnd(person, share)
      return entry
    }
    return undefined
  }

  /** The person gives a place back. */
  free(person: string): void {
    const share = this.shares.get(person)
    if (!share || share.heldCount === 0) throw new Error('a place is given back that nobody holds')
    share.heldCount--
    this.freeCount++
    this.forgetIfIdle(person, share)
  }

  /** Takes everything that waits out of the queue. */
  leaveAll(): Entry[] {
    const entries: Entry[] = []
    for (const [person, share] of this.shares) {
      entries.push(...share.waiting.splice(0))
      this.forgetIfIdle(person, share)
    }
    this.totalWaiting = 0
    return entries
  }

  private mayHavePlace({ heldCount }: Share<Entry>): boolean {
    return heldCount === 0 || this.limits.places === 1 ? this.freeCount > 0 : this.freeCount > 1
  }

  private lacksRoom({ waiting }: Share<Entry>): NoRoom | undefined {
    const { maxWaiting, maxWaitingPerPerson } = this.limits
    if (waiting.length >= maxWaitingPerPerson) return 'person'
    const room = waiting.length === 0 ? maxWaiting : Math.floor(maxWaiting * 0.75)
    return this.totalWaiting >= room ? 'all' : undefined
  }

  private moveToEnd(person: string, share: Share<Entry>): void {
    this.shares.delete(person)
    this.shares.set(person, share)
  }

  private forgetIfIdle(person: string, { heldCount, waiting }: Share<Entry>): void {
    if (heldCount === 0 && waiting.length === 0) this.shares.delete(person)
  }
}
