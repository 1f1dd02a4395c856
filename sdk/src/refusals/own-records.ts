import type { Bucket, Kind } from './buckets.ts'

/** How many refusals of those who are known have records of their own in a second. */
export interface RecordLimits {
  readonly perBucket: number
  /** Over all buckets of one holder. */
  readonly perHolder: Readonly<Record<Kind, number>>
  /** Over all holders. */
  readonly together: Readonly<Record<Kind, number>>
}

/** Strangers are not told apart: an attacker has many addresses. Enough of them are recorded to see what they try. */
const recordsOfStrangers = 50

/** Which refusals of one second have a record of their own: the first ones, until a number is used up. */
export class OwnRecords {
  private readonly limits: RecordLimits
  private readonly given = new Map<string, number>()

  constructor(limits: RecordLimits) {
    this.limits = limits
  }

  /** Gives the next refusal of a bucket a record of its own, or returns false: it is only counted. */
  give({ key, whose, kind, holder }: Bucket): boolean {
    if (whose === 'several') return false
    if (whose === 'strangers') return this.giveWithin([[key, recordsOfStrangers]])
    const { perBucket, perHolder, together } = this.limits
    return this.giveWithin([
      [`bucket\n${key}`, perBucket],
      [`holder\n${kind}\n${holder}`, perHolder[kind]],
      [`together\n${kind}`, together[kind]],
    ])
  }

  /** Nothing is used up unless all numbers allow one more. */
  private giveWithin(numbers: readonly (readonly [name: string, max: number])[]): boolean {
    if (numbers.some(([name, max]) => this.givenTo(name) >= max)) return false
    for (const [name] of numbers) this.given.set(name, this.givenTo(name) + 1)
    return true
  }

  private givenTo(name: string): number {
    return this.given.get(name) ?? 0
  }
}
