import { membersOf } from './json-text.ts'
import type { Members } from './json-text.ts'

type Fields = Readonly<Record<string, unknown>>

/**
 * An object and the JSON its sender wrote it in. Reading and writing JSON anew loses what JavaScript cannot hold: the last digits of a
 * long number, the difference between 1 and 1.0. So what nobody changed is passed on as it was written, member by member.
 */
export class Spelling {
  private readonly value: Fields
  private readonly text: string
  private readonly member: string | undefined
  private readonly membersWithin: number | undefined
  private found: Members | undefined
  private faithful: boolean | undefined

  /** `value` is what `JSON.parse` made of `text`, or of the member of that object with this name. `membersWithin`: of the text, where they were counted before. */
  constructor(value: Fields, text: string, member?: string, membersWithin?: number) {
    this.value = value
    this.text = text
    this.member = member
    this.membersWithin = membersWithin
  }

  /** As long as the text from which it comes, or shorter. */
  get mostLength(): number {
    return this.text.length
  }

  /** The JSON of a member. */
  of(key: string): string | undefined {
    const span = this.members()?.spans.get(key)
    return span ? this.text.slice(span.start, span.end) : JSON.stringify(this.value[key])
  }

  /** The JSON of an object that was made out of this one: whatever is the same in both stands as it was written. */
  respell(now: Fields): string {
    const before = this.value
    if (now === before && this.member === undefined && this.isFaithful()) return this.text
    const spans = this.members()?.spans
    if (!spans) return JSON.stringify(now)
    let json = ''
    let changes = spans.size
    for (const key in now) {
      const value = now[key]
      if (value === undefined) continue
      const span = Object.hasOwn(before, key) && before[key] === value ? spans.get(key) : undefined
      changes += span ? -1 : 1
      json += `${json === '' ? '' : ','}${JSON.stringify(key)}:${span ? this.text.slice(span.start, span.end) : JSON.stringify(value)}`
    }
    return changes === 0 && this.member === undefined ? this.text : `{${json}}`
  }

  /** Undefined where a key stands twice, at any depth: another reader may see another object than the one that was decided on. */
  private members(): Members | undefined {
    if (!this.isFaithful()) return undefined
    return (this.found ??= this.read())
  }

  private isFaithful(): boolean {
    return (this.faithful ??= (this.membersWithin ?? (this.found ??= this.read()).membersWithin) === membersIn(this.value))
  }

  private read(): Members {
    if (this.member === undefined) return membersOf(this.text)
    const { inner } = membersOf(this.text, { within: this.member })
    if (!inner) throw new TypeError('the text has no such member')
    return inner
  }
}

/** Of an object or a list, at every depth: walked, not called into itself, since a sender nests as deep as it likes. */
function membersIn(value: unknown): number {
  const open = [value]
  let count = 0
  while (open.length > 0) {
    const at = open.pop()
    if (typeof at !== 'object' || at === null) continue
    const inner: unknown[] = Array.isArray(at) ? at : Object.values(at)
    if (inner !== at) count += inner.length
    for (const one of inner) if (typeof one === 'object') open.push(one)
  }
  return count
}
