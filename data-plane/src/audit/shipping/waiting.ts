/**
 * Measures how long the oldest record that is not stored yet has waited. It remembers two moments instead of one for
 * each record, so it may say up to twice as long as it is while records keep coming.
 */
export class Waiting {
  private readonly nowMs: () => number
  /** Records up to `seq` were written before `atMs`. The oldest of those that wait was written since `sinceMs`. */
  private mark: { seq: number; atMs: number; sinceMs: number } | undefined

  constructor(nowMs: () => number = () => performance.now()) {
    this.nowMs = nowMs
  }

  /** To be called after records were written or stored. */
  note(stored: number, written: number): void {
    if (stored >= written) this.mark = undefined
    else if (!this.mark) this.mark = this.markAt(written, this.nowMs())
    else if (stored >= this.mark.seq) this.mark = this.markAt(written, this.mark.atMs)
  }

  /** Milliseconds; 0 when nothing waits. */
  get forMs(): number {
    return this.mark ? this.nowMs() - this.mark.sinceMs : 0
  }

  private markAt(seq: number, sinceMs: number) {
    return { seq, atMs: this.nowMs(), sinceMs }
  }
}
