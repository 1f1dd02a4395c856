import { isObject } from './is-object.ts'
import { itemsOf, membersOf } from './scan.ts'
import type { Members, Place } from './scan.ts'
import { rewriteObject } from './rewrite.ts'

type Fields = Readonly<Record<string, unknown>>

/**
 * An object and the JSON text that its sender wrote. JSON.parse and JSON.stringify lose what JavaScript cannot
 * represent: the last digits of a long number, the difference between 1 and 1.0. So unchanged parts are passed on as
 * they were written, at any depth.
 */
export class VerbatimJson {
  private readonly value: Fields
  private readonly text: string
  private readonly member: string | undefined
  private readonly membersWithin: number | undefined
  private scannedMembers: Members | undefined
  private faithful: boolean | undefined
  /** Our own code wrote the text: no key in it occurs twice, and nothing is escaped that need not be. */
  readonly isOurs: boolean

  /**
   * `value` is what `JSON.parse` made of `text`, or of the member `member` of the object in `text`. `scan` spares a
   * second scan, if the text was scanned before: the members of `value`, or their number at every depth.
   */
  constructor(value: Fields, text: string, member?: string, scan?: Members | number | 'ours') {
    this.value = value
    this.text = text
    this.member = member
    this.membersWithin = typeof scan === 'object' ? scan.membersWithin : typeof scan === 'number' ? scan : undefined
    this.scannedMembers = typeof scan === 'object' ? scan : undefined
    this.isOurs = scan === 'ours'
  }

  /** The JSON of a value of our own. It is written now, and not again. */
  static ours(value: Fields): VerbatimJson {
    return new VerbatimJson(value, JSON.stringify(value), undefined, 'ours')
  }

  /** An upper bound for the number of characters of the object's text. */
  get maxLength(): number {
    return this.scannedMembers ? this.scannedMembers.end - this.scannedMembers.start : this.text.length
  }

  /** The JSON of a member, as its sender wrote it. */
  memberJson(key: string): string | undefined {
    const span = this.members()?.spans.get(key)
    return span ? this.text.slice(span.start, span.end) : JSON.stringify(this.value[key])
  }

  /** The object at this path of keys and list indexes. Undefined where there is no object, or a key occurs twice. */
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

  /**
   * The JSON of `edited`, an object that was made out of this one. What both have in common is written as its sender
   * wrote it.
   */
  toJson(edited: Fields): string {
    const original = this.value
    if (edited === original && this.member === undefined) return this.isFaithful() ? this.text : JSON.stringify(edited)
    const members = this.members()
    if (!members) return JSON.stringify(edited)
    const isUnchanged = edited === original || isSame(original, edited)
    return isUnchanged ? this.text.slice(members.start, members.end) : rewriteObject(this.text, original, edited, members.spans)
  }

  /**
   * Undefined where a key occurs twice, at any depth: another reader could see another object than the one the policy
   * allowed.
   */
  private members(): Members | undefined {
    return this.isFaithful() ? (this.scannedMembers ??= this.scan()) : undefined
  }

  /** No key occurs twice: then text and value have the same number of members. */
  private isFaithful(): boolean {
    this.faithful ??=
      this.isOurs || (this.membersWithin ?? (this.scannedMembers ??= this.scan()).membersWithin) === countMembers(this.value)
    return this.faithful
  }

  private scan(): Members {
    if (this.member === undefined) return membersOf(this.text)
    const { inner } = membersOf(this.text, { within: this.member })
    if (!inner) throw new TypeError('the text has no such member')
    return inner
  }
}

/** A member of an object: its key, its value, and the JSON that its sender wrote for the value, if that is known. */
export type Member = readonly [key: string, value: unknown, json: string | undefined]

/** Makes an object out of members that different senders wrote. */
export function assembleObject(members: readonly Member[]): { readonly value: Fields; readonly source: VerbatimJson } {
  const definedMembers = members.filter(([, value]) => value !== undefined)
  const object = Object.fromEntries(definedMembers.map(([key, value]) => [key, value]))
  const text = definedMembers.map(([key, value, json]) => `${JSON.stringify(key)}:${json ?? JSON.stringify(value)}`).join(',')
  return { value: object, source: new VerbatimJson(object, `{${text}}`) }
}

function placeOf(step: string | number, value: unknown, text: string, members: Members | undefined): Place | undefined {
  if (typeof step === 'number') return Array.isArray(value) ? itemsOf(text)[step] : undefined
  return isObject(value) ? (members ?? membersOf(text)).spans.get(step) : undefined
}

/** Whether no member was changed, added or removed. A member that is undefined counts as absent. */
function isSame(original: Fields, edited: Fields): boolean {
  let unseenMembers = Object.keys(original).length
  for (const key in edited) {
    if (edited[key] === undefined) continue
    if (!Object.hasOwn(original, key) || !Object.is(original[key], edited[key])) return false
    unseenMembers--
  }
  return unseenMembers === 0
}

/**
 * Counts the members of all objects in a value, at every depth. Not recursive, because a sender may nest very deeply.
 */
function countMembers(value: unknown): number {
  const pending = [value]
  let count = 0
  while (pending.length > 0) {
    const node = pending.pop()
    if (Array.isArray(node)) pushItems(node, pending)
    else if (isObject(node)) count += pushMembers(node, pending)
  }
  return count
}

function pushItems(list: readonly unknown[], pending: unknown[]): void {
  for (const item of list) if (typeof item === 'object') pending.push(item)
}

/** Returns the number of members. `for … in` is safe here: no inherited property of these objects is enumerable. */
function pushMembers(object: Fields, pending: unknown[]): number {
  let count = 0
  for (const key in object) {
    count++
    const value = object[key]
    if (typeof value === 'object') pending.push(value)
  }
  return count
}
