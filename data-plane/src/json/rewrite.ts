import { isObject } from './is-object.ts'
import { endOf, membersOf, walkItems } from './scan.ts'
import type { Members, Place } from './scan.ts'

type Fields = Readonly<Record<string, unknown>>
type Items = readonly unknown[]

/**
 * `json` is the new text, undefined where JSON cannot express the value. `end` is where the original value ends in
 * its text.
 */
interface Rewritten {
  readonly json: string | undefined
  readonly end: number
}

/**
 * Writes `edited`, a value that was made out of `original`. `original` begins at `from` in `text`. Whatever both have
 * in common is copied from `text` as its sender wrote it, at any depth. No key may occur twice in one object of
 * `text`. The text is scanned once; only members that changed inside are scanned again.
 */
function rewriteValue(text: string, from: number, original: unknown, edited: unknown): Rewritten {
  if (isObject(original) && isObject(edited) && original !== edited) {
    const { spans, end } = membersOf(text, { from })
    return { json: rewriteObject(text, original, edited, spans), end }
  }
  const end = endOf(text, from)
  if (Object.is(original, edited)) return { json: text.slice(from, end), end }
  if (Array.isArray(original) && Array.isArray(edited)) return { json: rewriteList(text, from, original, edited), end }
  return { json: JSON.stringify(edited), end }
}

/** `spans` say where the members of `original` are in `text`. */
export function rewriteObject(text: string, original: Fields, edited: Fields, spans: Members['spans']): string {
  let json = ''
  for (const key in edited) {
    const span = Object.hasOwn(original, key) ? spans.get(key) : undefined
    const valueJson = span ? rewriteMember(text, span, original[key], edited[key]) : JSON.stringify(edited[key])
    if (valueJson !== undefined) json += `${json === '' ? '' : ','}${JSON.stringify(key)}:${valueJson}`
  }
  return `{${json}}`
}

/** As `rewriteValue`, where the end of the original value is known. */
function rewriteMember(text: string, { start, end }: Place, original: unknown, edited: unknown): string | undefined {
  if (Object.is(original, edited)) return text.slice(start, end)
  if (Array.isArray(original) && Array.isArray(edited)) return rewriteList(text, start, original, edited)
  return isObject(original) && isObject(edited) ? rewriteValue(text, start, original, edited).json : JSON.stringify(edited)
}

/**
 * Matches each item of `edited` with an item of `original`. If the lists differ in length, items were removed or
 * added: an object or list is then matched by identity, if it can be. All other items are matched by index.
 */
function rewriteList(text: string, from: number, original: Items, edited: Items): string {
  const originalIndexes = original.length === edited.length ? undefined : new Map(original.map((item, index) => [item, index]))
  const indexes = edited.map((item) => (typeof item === 'object' ? originalIndexes?.get(item) : undefined))
  const editedByIndex = new Map(edited.flatMap((item, index) => (indexes[index] === undefined ? [] : [[indexes[index], item]])))
  for (const [index, item] of edited.slice(0, original.length).entries()) {
    if (indexes[index] === undefined && !editedByIndex.has(index)) editedByIndex.set(index, item)
  }
  const jsonByIndex = new Map<number, string | undefined>()
  walkItems(text, from, (start, index) => {
    if (jsonByIndex.size === editedByIndex.size) return undefined
    if (!editedByIndex.has(index)) return endOf(text, start)
    const { json, end } = rewriteValue(text, start, original[index], editedByIndex.get(index))
    jsonByIndex.set(index, json)
    return end
  })
  const items = edited.map((item, position) => {
    const index = indexes[position] ?? position
    const isRewritten = jsonByIndex.has(index) && Object.is(editedByIndex.get(index), item)
    return (isRewritten ? jsonByIndex.get(index) : JSON.stringify(item)) ?? 'null'
  })
  return `[${items.join(',')}]`
}
