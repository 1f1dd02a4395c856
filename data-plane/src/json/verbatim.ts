import { isObject } from './is-object.ts'
import { itemsOf, membersOf } from './scan.ts'
import type { Members, Place } from './scan.ts'
import { rewriteObject } from './rewrite.ts'

type Fields = Readonly<Record<string, unknown>>

/**
 * An object and the JSON its sender wrote it in. Reading and writing JSON anew loses what JavaScript cannot hold: the last digits of a
 * long number, the difference between 1 and 1.0. So what nobody changed is passed on as it was written, at any depth.
 */
export class VerbatimJson {
  private readonly value: Fields
  private readonly text: string
  private readonly member: string | undefined
  private readonly membersWithin: number | undefined
  private found: Members | undefined
  private faithful: boolean | undefined

  /** `value` is what `JSON.parse` made of `text`, or of the member of that object with this name. `known`: its members, or how many there are at every depth, where they were looked for before. */
  constructor(value: Fields, text: string, member?: string, known?: Members | number) {
    this.value = value
    this.text = text
    this.member = member
    this.membersWithin = typeof known === 'object' ? known.membersWithin : known
    this.found = typeof known === 'object' ? known : undefined
  }

  /** The text is as long, or shorter. */
  get maxLength(): number {
    return this.found ? this.found.end - this.found.start : this.text.length
  }

  /** The JSON of a member. */
  memberJson(key: string): string | undefined {
    const span = this.members()?.spans.get(key)
    return span ? this.text.slice(span.start, span.end) : JSON.stringify(this.value[key])
  }

  /** An object that lies within this one, by the names and places on the way to it; undefined where there is none, or a key stands twice. */
  at(...path: readonly (string | number)[]): VerbatimJson | undefined {
    const members = this.members()
    if (!members) return undefined
    let value: unknown = this.value
    let text = this.text
    let from: Members | undefined = members
    for (const step of path) {
      const place: Place | undefined = placeOf(step, value, text, from)
      if (!place) return undefined
      value = (value as Record<string | number, unknown>)[step]
      text = text.slice(place.start, place.end)
      from = undefined
    }
    return isObject(value) ? new VerbatimJson(value, text) : undefined
  }

  /** The JSON of an object that was made out of this one: whatever is the same in both stands as it was written. */
  toJson(now: Fields): string {
    const before = this.value
    if (now === before && this.member === undefined) return this.isFaithful() ? this.text : JSON.stringify(now)
    const members = this.members()
    if (!members) return JSON.stringify(now)
    const same = now === before || isSame(before, now)
    return same ? this.text.slice(members.start, members.end) : rewriteObject(this.text, before, now, members.spans)
  }

  /** Undefined where a key stands twice, at any depth: another reader may see another object than the one that was decided on. */
  private members(): Members | undefined {
    return this.isFaithful() ? (this.found ??= this.read()) : undefined
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

/** A member of an object: its name, what it is, and the JSON its sender wrote it in, where that is known. */
export type Member = readonly [key: string, value: unknown, json: string | undefined]

/** An object put together of members that different senders wrote. */
export function assembleObject(members: readonly Member[]): { readonly value: Fields; readonly source: VerbatimJson } {
  const given = members.filter(([, value]) => value !== undefined)
  const value = Object.fromEntries(given.map(([key, one]) => [key, one]))
  const text = given.map(([key, one, json]) => `${JSON.stringify(key)}:${json ?? JSON.stringify(one)}`).join(',')
  return { value, source: new VerbatimJson(value, `{${text}}`) }
}

function placeOf(step: string | number, value: unknown, text: string, members: Members | undefined): Place | undefined {
  if (typeof step === 'number') return Array.isArray(value) ? itemsOf(text)[step] : undefined
  return isObject(value) ? (members ?? membersOf(text)).spans.get(step) : undefined
}

/** Nothing was changed, added or left out. */
function isSame(before: Fields, now: Fields): boolean {
  let members = Object.keys(before).length
  for (const key in now) {
    if (now[key] === undefined) continue
    if (!Object.hasOwn(before, key) || !Object.is(before[key], now[key])) return false
    members--
  }
  return members === 0
}

/** Of an object or a list, at every depth: walked, not called into itself, since a sender nests as deep as it likes. */
function membersIn(value: unknown): number {
  const open = [value]
  let count = 0
  while (open.length > 0) {
    const at = open.pop()
    if (Array.isArray(at)) openItems(at, open)
    else if (isObject(at)) count += openMembers(at, open)
  }
  return count
}

function openItems(list: readonly unknown[], open: unknown[]): void {
  for (const one of list) if (typeof one === 'object') open.push(one)
}

/** Says how many there are. What all objects inherit cannot be enumerated. */
function openMembers(object: Fields, open: unknown[]): number {
  let count = 0
  for (const key in object) {
    count++
    const one = object[key]
    if (typeof one === 'object') open.push(one)
  }
  return count
}
