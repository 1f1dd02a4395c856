/** What became of one request. */
export interface Outcome {
  /** A word for the table, such as `answered` or `refused -32602`. */
  word: string
  /** True when whoever sent the request can tell from the answer what happened, and whose fault it is. */
  isExplained: boolean
  /** True when the whole answer arrived. Then an audit record must exist. */
  isAnswered: boolean
  /** What an unexplained outcome looked like. */
  detail?: string
}

export interface Tallied {
  /** The number of requests, by kind of client and word. */
  counts: Record<string, Record<string, number>>
  /** The trace ids of all answered requests since the last report. */
  answered: string[]
  /** Some of the outcomes that nobody can explain. */
  unexplained: string[]
  unexplainedCount: number
}

const maxDetails = 20

/** Counts the outcomes, and remembers which requests were answered. */
export class Tally {
  private readonly counts: Record<string, Record<string, number>> = {}
  private answered: string[] = []
  private readonly unexplained: string[] = []
  private unexplainedCount = 0

  add(kind: string, { word, isExplained, isAnswered, detail }: Outcome, traceId: string | undefined): void {
    const words = (this.counts[kind] ??= {})
    words[word] = (words[word] ?? 0) + 1
    if (isAnswered && traceId !== undefined) this.answered.push(traceId)
    if (isExplained) return
    this.unexplainedCount++
    if (this.unexplained.length < maxDetails) this.unexplained.push(`${new Date().toISOString()} ${kind}: ${word} ${detail ?? ''}`)
  }

  report(): Tallied {
    const { answered, counts, unexplained, unexplainedCount } = this
    this.answered = []
    return { answered, counts, unexplained, unexplainedCount }
  }
}
