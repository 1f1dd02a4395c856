import type { AuditFields } from './fields.ts'

/** Strangers are not told apart: an attacker has many addresses. Enough of them are recorded to see what they try. */
const maxStrangersPerSecond = 50
/** Of a person's refusals the first in a second says everything; the others differ in nothing but their number. */
const maxPerPersonAndSecond = 1

/** What a sum keeps of the refusals that it counts. */
type Who = Pick<AuditFields, 'subject' | 'handle' | 'reason'>

interface Sum {
  readonly who: Who
  /** All refusals in the second, those with a record of their own included. */
  seen: number
  /** Those without. */
  count: number
}

const strangers = ''

/**
 * Counts refusals, so that whoever is refused very often fills no disk. Within a second the first refusals of a person,
 * or of all strangers together, have records of their own, and the rest becomes one record with their number.
 */
export class Refusals {
  private readonly write: (fields: AuditFields) => Promise<void>
  private readonly now: () => number
  private second = 0
  private sums = new Map<string, Sum>()
  private timer: NodeJS.Timeout | undefined

  /** `write` appends a record; `now` is in ms since 1970. */
  constructor(write: (fields: AuditFields) => Promise<void>, now: () => number) {
    this.write = write
    this.now = now
  }

  /**
   * Whether this refusal gets a record of its own; otherwise it is counted. Refusals of a person are told apart by the
   * person and the reason. `person` is undefined for a sender that is not authenticated.
   */
  async admits(person: string | undefined, { subject, handle, reason }: Who): Promise<boolean> {
    const second = Math.floor(this.now() / 1000)
    if (second !== this.second) await this.startSecond(second)
    const key = person === undefined ? strangers : `${reason ?? ''} ${person}`
    let sum = this.sums.get(key)
    if (!sum) {
      const who = person === undefined ? {} : { subject, handle, reason }
      this.sums.set(key, (sum = { who, seen: 0, count: 0 }))
    }
    sum.seen++
    if (sum.seen <= (key === strangers ? maxStrangersPerSecond : maxPerPersonAndSecond)) return true
    sum.count++
    // A later refusal sums up this second too. The timer is for the last second of a flood.
    this.sumUpSoon()
    return false
  }

  /** Writes the sums of everything that was only counted. What could not be written is kept for the next time. */
  async sumUp(): Promise<void> {
    clearTimeout(this.timer)
    this.timer = undefined
    const counted = [...this.sums].filter(([, { count }]) => count > 0)
    this.sums = new Map()
    await Promise.all(counted.map(([key, sum]) => this.writeSum(key, sum)))
  }

  private sumUpSoon(): void {
    this.timer ??= setTimeout(() => void this.sumUp().catch(() => undefined), 1000).unref()
  }

  private async startSecond(second: number): Promise<void> {
    this.second = second
    await this.sumUp()
  }

  private async writeSum(key: string, { who, count }: Sum): Promise<void> {
    try {
      await this.write({ kind: 'refusals', atMs: this.now(), ...who, outcome: 'refused', count })
    } catch (error) {
      const sum = this.sums.get(key)
      if (sum) sum.count += count
      else this.sums.set(key, { who, seen: count, count })
      this.sumUpSoon()
      throw error
    }
  }
}
