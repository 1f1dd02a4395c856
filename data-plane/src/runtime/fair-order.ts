/** How a person stands: the places they hold, and what of theirs waits, oldest first. */
interface Share<Entry> {
  heldCount: number
  /** The round in which the person's next turn is. */
  round: number
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
 * The order in which people share places: in rounds, in which each person has one turn (start-time fair queueing, with
 * entries of one length). Who comes new is in the present round, who had a turn in it is in the next. The last free
 * place goes only to a person who holds none, so that no few busy people can keep everybody else out. In the same way
 * the last quarter of the room to wait is kept for people of whom nothing waits. It knows no clock and runs nothing:
 * `FairQueue` does.
 */
export class FairOrder<Entry> {
  private readonly limits: FairLimits
  /**
   * Everybody who holds a place or waits, in the order in which they began to wait. Also who had a turn in this round
   * and left: they come back in the next one.
   */
  private readonly shares = new Map<string, Share<Entry>>()
  private freeCount: number
  private totalWaiting = 0
  private presentRound = 0

  constructor(limits: FairLimits) {
    this.limits = limits
    this.freeCount = limits.places
  }

  get waitingCount(): number {
    return this.totalWaiting
  }

  /** Nobody holds a place or waits. */
  get isIdle(): boolean {
    return this.freeCount === this.limits.places && this.totalWaiting === 0
  }

  /** How many people wait. */
  get peopleWaiting(): number {
    let count = 0
    for (const { waiting } of this.shares.values()) if (waiting.length > 0) count++
    return count
  }

  /** Puts an entry into the queue, unless there is no room for it. Ask `next` afterwards: its turn may be now. */
  join(person: string, entry: Entry): NoRoom | undefined {
    const share = this.shares.get(person) ?? { heldCount: 0, round: this.presentRound, waiting: [] }
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
    this.forgetIdle()
    return true
  }

  /** Gives a place to the entry whose turn it is. Undefined when no place is free for anybody who waits. */
  next(): Entry | undefined {
    const [person, share] = this.nextShare() ?? []
    if (person === undefined || !share) return undefined
    this.presentRound = Math.max(this.presentRound, share.round)
    share.round = this.presentRound + 1
    share.heldCount++
    this.freeCount--
    this.totalWaiting--
    this.moveToEnd(person, share)
    const entry = share.waiting.shift()
    this.forgetIdle()
    return entry
  }

  /** The person gives a place back. */
  free(person: string): void {
    const share = this.shares.get(person)
    if (!share || share.heldCount === 0) throw new Error('a place is given back that nobody holds')
    share.heldCount--
    this.freeCount++
    this.forgetIdle()
  }

  /** Takes everything that waits out of the queue. */
  leaveAll(): Entry[] {
    const entries: Entry[] = []
    for (const { waiting } of this.shares.values()) entries.push(...waiting.splice(0))
    this.totalWaiting = 0
    this.forgetIdle()
    return entries
  }

  /** Of those who may have a place: the lowest round, and in it who waits longest. */
  private nextShare(): [string, Share<Entry>] | undefined {
    if (this.freeCount === 0 || this.totalWaiting === 0) return undefined
    let next: [string, Share<Entry>] | undefined
    for (const [person, share] of this.shares) {
      if (share.waiting.length === 0 || !this.mayHavePlace(share)) continue
      if (!next || share.round < next[1].round) next = [person, share]
    }
    return next
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

  /** A turn counts only while others wait, and until its round is over. */
  private forgetIdle(): void {
    for (const [person, { heldCount, waiting, round }] of this.shares) {
      const counts = this.totalWaiting > 0 && round > this.presentRound
      if (heldCount === 0 && waiting.length === 0 && !counts) this.shares.delete(person)
    }
  }
}
