import { isObject } from '../json/is-object.ts'
import { entryFault } from '../protocol/names/name-fault.ts'

type Entry = Readonly<Record<string, unknown>>

/** The entries of a list that can be kept, and the names of those that are too large or can be read in two ways. */
export class BoundedList {
  readonly entries: Entry[] = []
  readonly leftOut: string[] = []
  private readonly max: number

  constructor(max: number) {
    this.max = max
  }

  get isFull(): boolean {
    return this.entries.length >= this.max
  }

  /** Adds one page. */
  add(page: unknown): void {
    for (const entry of Array.isArray(page) ? (page as unknown[]) : []) {
      if (!isObject(entry)) continue
      const why = this.isFull ? `more than ${this.max} entries` : (tooMuch(entry) ?? entryFault(entry))
      if (why === undefined) this.entries.push(entry)
      else this.leftOut.push(`${nameOf(entry)}: ${why}`)
    }
  }
}

const nameOf = ({ name, uri, uriTemplate }: Entry): string =>
  [name, uri, uriTemplate].find((text) => typeof text === 'string')?.slice(0, 100) ?? ''

const maxDepth = 64
const maxValues = 20_000
const maxChars = 1_000_000

/**
 * Why an entry is too large to keep: kept entries are sorted, hashed, compared and merged again and again. Undefined
 * for anything that people write.
 */
function tooMuch(entry: object): string | undefined {
  let level: unknown[] = [entry]
  let values = 0
  let chars = 0
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > maxDepth) return `more than ${maxDepth} levels deep`
    values += level.length
    if (values > maxValues) return `more than ${maxValues} values`
    for (const value of level) chars += typeof value === 'string' ? value.length : 0
    if (chars > maxChars) return `more than ${maxChars} characters`
    level = level.flatMap((value) => (typeof value === 'object' && value !== null ? Object.values(value) : []))
  }
  return undefined
}
