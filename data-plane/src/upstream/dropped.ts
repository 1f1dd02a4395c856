/** Why a message that nobody has to be answered about went no further. */
export type DropReason =
  /** The era of whoever would get it has no such message, or nobody there listens to it. */
  | 'era-has-none'
  /** Progress of something that was not asked here, or was answered already. */
  | 'unknown-token'
  /** An answer to something that was not asked here, or was answered already. */
  | 'unknown-request'
  /** The server would not take it. */
  | 'not-accepted'
  /** The server could not be reached. */
  | 'server-away'

/** What was dropped since the start, counted: such messages have no answer that could say so. */
export class DroppedMessages {
  private readonly byReason = new Map<DropReason, number>()

  count(reason: DropReason): void {
    this.byReason.set(reason, (this.byReason.get(reason) ?? 0) + 1)
  }

  get counts(): Readonly<Partial<Record<DropReason, number>>> {
    return Object.fromEntries(this.byReason)
  }
}
