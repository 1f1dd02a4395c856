/** Why a message that needs no answer was not passed on. */
export type DropReason =
  /** The receiver's era has no such message, or nobody there listens to it. */
  | 'era-has-none'
  /** Progress of a request that was not made here, or that is answered already. */
  | 'unknown-token'
  /** An answer to a question that was not asked here, or that is answered already. */
  | 'unknown-request'
  /** The server did not accept it. */
  | 'not-accepted'
  /** The server could not be reached. */
  | 'server-away'
  /** An outgoing filter failed: what it did not see must not be sent. */
  | 'filter-failed'

/** Counts dropped messages since the start. They have no answer that could report it. */
export class DroppedMessages {
  private readonly byReason = new Map<DropReason, number>()

  count(reason: DropReason): void {
    this.byReason.set(reason, (this.byReason.get(reason) ?? 0) + 1)
  }

  get counts(): Readonly<Partial<Record<DropReason, number>>> {
    return Object.fromEntries(this.byReason)
  }
}
