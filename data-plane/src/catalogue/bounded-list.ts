import { isObject } from '../json/is-object.ts'
import { entryFault } from '../protocol/names/name-fault.ts'
import { displayName, servable } from '../protocol/entries/servable.ts'
import type { ListMethod } from '../protocol/list-methods.ts'

type Entry = Readonly<Record<string, unknown>>

/** An entry of a list: as its server wrote it, which is what administrators approve; and as it is offered. */
export interface ReadEntry {
  readonly raw: Entry
  /** The very same where nothing is wrong with it. */
  readonly offered: Entry
}

const nounOf: Readonly<Record<ListMethod, string>> = {
  'tools/list': 'tool',
  'prompts/list': 'prompt',
  'resources/list': 'resource',
  'resources/templates/list': 'resource template',
  'skills/list': 'skill',
}

/** The entries of a list that can be kept, and a sentence for each that is too large, misleading or malformed. */
export class BoundedList {
  readonly entries: ReadEntry[] = []
  readonly faults: string[] = []
  leftOut = 0
  private readonly method: ListMethod
  private readonly max: number

  constructor(method: ListMethod, max: number) {
    this.method = method
    this.max = max
  }

  get isFull(): boolean {
    return this.entries.length >= this.max
  }

  /** Adds one page. */
  add(page: unknown): void {
    if (!Array.isArray(page)) return void this.faults.push(`${this.method} is answered without a list.`)
    for (const entry of page as unknown[]) this.addEntry(entry)
  }

  private addEntry(entry: unknown): void {
    if (this.isFull) return void this.leftOut++
    const why = isObject(entry) ? (tooMuch(entry) ?? entryFault(entry)) : undefined
    if (why !== undefined) return this.leaveOut([`The ${nounOf[this.method]} ${displayName(entry)} is left out: ${why}`])
    const { entry: offered, faults } = servable(this.method, entry)
    if (!isObject(entry) || !offered) return this.leaveOut(faults)
    this.faults.push(...faults)
    this.entries.push({ raw: entry, offered })
  }

  private leaveOut(faults: readonly string[]): void {
    this.leftOut++
    this.faults.push(...faults)
  }
}

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
    if (depth > maxDepth) return `it is more than ${maxDepth} levels deep.`
    values += level.length
    if (values > maxValues) return `it has more than ${maxValues} values.`
    for (const value of level) chars += typeof value === 'string' ? value.length : 0
    if (chars > maxChars) return `it has more than ${maxChars} characters.`
    level = level.flatMap((value) => (typeof value === 'object' && value !== null ? Object.values(value) : []))
  }
  return undefined
}
