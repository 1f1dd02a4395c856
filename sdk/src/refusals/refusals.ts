import { Buckets } from './buckets.ts'
import type { About, Bucket } from './buckets.ts'
import { OwnRecords } from './own-records.ts'
import type { RecordLimits } from './own-records.ts'

export type { About } from './buckets.ts'
export type { RecordLimits } from './own-records.ts'

/** What a record says that stands for several refusals. */
export interface Sum {
  /** What all of them have in common. */
  readonly about: About
  /** Their number. */
  readonly count: number
  /** Present where `about` cannot say whose they are. */
  readonly detail?: string
}

interface Options {
  /** In ms since 1970. */
  now?: () => number
  limits?: RecordLimits
  /** How many sums are written at once. */
  atOnce?: number
}

interface Owed extends Pick<Bucket, 'key' | 'whose'> {
  about: About
  count: number
}

/** Where a record costs little: the first of each bucket has one. */
const cheapRecords: RecordLimits = {
  perBucket: 1,
  perHolder: { ordinary: 20, theft: 100 },
  together: { ordinary: 1_000, theft: 1_000 },
}

/** Sums that wait for a record. More than the buckets of a few seconds wait only while nothing can be written. */
const maxOwed = 5_000

/**
 * Counts refusals, so that whoever is refused very often fills no disk, and hides no other. The first of each bucket in
 * a second have records of their own; the rest becomes one record with their number.
 */
export class Refusals {
  private readonly write: (sum: Sum) => Promise<void>
  private readonly now: () => number
  private second = 0
  private readonly limits: RecordLimits
  private readonly atOnce: number
  private buckets = new Buckets()
  private ownRecords: OwnRecords
  private owed = new Map<string, Owed>()
  private timer: NodeJS.Timeout | undefined
  private writing: Promise<void> = Promise.resolve()

  /** `write` appends the record of a sum, or throws. */
  constructor(write: (sum: Sum) => Promise<void>, { now = Date.now, limits = cheapRecords, atOnce = 1 }: Options = {}) {
    this.write = write
    this.now = now
    this.limits = limits
    this.atOnce = atOnce
    this.ownRecords = new OwnRecords(limits)
  }

  /** Whether this refusal gets a record of its own; otherwise it is counted. */
  admits(about: About): boolean {
    const second = Math.floor(this.now() / 1000)
    if (second !== this.second) {
      this.second = second
      this.buckets = new Buckets()
      this.ownRecords = new OwnRecords(this.limits)
    }
    const bucket = this.buckets.of(about)
    if (this.ownRecords.give(bucket)) return true
    this.owe({ key: bucket.key, whose: bucket.whose, about, count: 1 })
    return false
  }

  /** Counts a refusal whose own record could not be written. */
  count(about: About): void {
    const { key, whose } = this.buckets.of(about)
    this.owe({ key, whose, about, count: 1 })
  }

  /** Of how many refusals nothing is written yet. */
  get waiting(): number {
    return [...this.owed.values()].reduce((sum, { count }) => sum + count, 0)
  }

  /** Writes the sums of everything that was only counted. What could not be written is kept for the next time. */
  flush(): Promise<void> {
    clearTimeout(this.timer)
    this.timer = undefined
    const written = this.writing.then(() => this.writeOwed())
    this.writing = written.catch(() => undefined)
    return written
  }

  private owe({ key, whose, about, count }: Owed): void {
    const sum = this.owed.get(key)
    if (sum) {
      sum.about = common(sum.about, about)
      sum.count += count
    } else if (this.owed.size < maxOwed || key === 'strangers' || key === 'several') this.owed.set(key, { key, whose, about, count })
    else return this.owe({ key: 'several', whose: 'several', about, count })
    this.flushSoon()
  }

  /** At the end of the second, so that each second of a flood has one sum. */
  private flushSoon(): void {
    this.timer ??= setTimeout(() => void this.flush().catch(() => undefined), 1000 - (this.now() % 1000)).unref()
  }

  /** A group after the other: where each write takes a connection, a flood of refusals takes none from others. */
  private async writeOwed(): Promise<void> {
    const owed = [...this.owed.values()]
    this.owed = new Map()
    for (let next = 0; next < owed.length;) {
      const group = owed.slice(next, (next += this.atOnce))
      const results = await Promise.allSettled(group.map(async (sum) => this.write(sumOf(sum))))
      const fault = results.find((result) => result.status === 'rejected')
      if (!fault) continue
      // Those that failed come last, so that they never stop the others.
      const failed = group.filter((_, at) => results[at]?.status === 'rejected')
      for (const kept of [...owed.slice(next), ...failed]) this.owe(kept)
      throw fault.reason
    }
  }
}

function sumOf({ whose, about, count }: Owed): Sum {
  if (whose !== 'several') return { about, count }
  return { about, count, detail: `${count} more of several people or clients that are known, not recorded one by one` }
}

/** What both say. */
function common(one: About, other: About): About {
  const same = Object.entries(one).filter(([name, value]) => other[name as keyof About] === value)
  return Object.fromEntries(same)
}
