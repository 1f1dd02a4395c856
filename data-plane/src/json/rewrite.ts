import { isObject } from './is-object.ts'
import { eachItem, endOf, membersOf } from './scan.ts'
import type { Members } from './scan.ts'

type Fields = Readonly<Record<string, unknown>>
type Items = readonly unknown[]

/** JSON, and where in the text that ends out of which it was made. Undefined where JSON has no word for it. */
interface Rewritten {
  readonly json: string | undefined
  readonly end: number
}

/**
 * A value that was made out of `before`, which begins at `from` in `text`: whatever is the same in both is as it was written, at any depth.
 * No key may stand twice in `text`. Each text is walked once, but for those members of objects that have changed inside.
 */
function rewriteValue(text: string, from: number, before: unknown, now: unknown): Rewritten {
  if (isObject(before) && isObject(now) && before !== now) {
    const { spans, end } = membersOf(text, { from })
    return { json: rewriteObject(text, before, now, spans), end }
  }
  const end = endOf(text, from)
  if (Object.is(before, now)) return { json: text.slice(from, end), end }
  if (Array.isArray(before) && Array.isArray(now)) return { json: rewriteList(text, from, before, now), end }
  return { json: JSON.stringify(now), end }
}

/** `spans` are those of the members of `before` in `text`. */
export function rewriteObject(text: string, before: Fields, now: Fields, spans: Members['spans']): string {
  let json = ''
  for (const key in now) {
    const span = Object.hasOwn(before, key) ? spans.get(key) : undefined
    const said = span ? member(text, span, before[key], now[key]) : JSON.stringify(now[key])
    if (said !== undefined) json += `${json === '' ? '' : ','}${JSON.stringify(key)}:${said}`
  }
  return `{${json}}`
}

/** Where it ends is known. */
function member(text: string, { start, end }: { start: number; end: number }, before: unknown, now: unknown): string | undefined {
  if (Object.is(before, now)) return text.slice(start, end)
  if (Array.isArray(before) && Array.isArray(now)) return rewriteList(text, start, before, now)
  return isObject(before) && isObject(now) ? rewriteValue(text, start, before, now).json : JSON.stringify(now)
}

/** Where items were taken out, what is left is known by what it is; else by its place. */
function rewriteList(text: string, from: number, before: Items, now: Items): string {
  const placeOf = before.length === now.length ? undefined : new Map(before.map((item, place) => [item, place]))
  const known = now.map((item) => (typeof item === 'object' ? placeOf?.get(item) : undefined))
  const nowAt = new Map(now.flatMap((item, index) => (known[index] === undefined ? [] : [[known[index], item]])))
  for (const [index, item] of now.slice(0, before.length).entries()) {
    if (known[index] === undefined && !nowAt.has(index)) nowAt.set(index, item)
  }
  const said = new Map<number, string | undefined>()
  eachItem(text, from, (start, place) => {
    if (said.size === nowAt.size) return undefined
    if (!nowAt.has(place)) return endOf(text, start)
    const { json, end } = rewriteValue(text, start, before[place], nowAt.get(place))
    said.set(place, json)
    return end
  })
  const items = now.map((item, index) => {
    const place = known[index] ?? index
    return (said.has(place) && Object.is(nowAt.get(place), item) ? said.get(place) : JSON.stringify(item)) ?? 'null'
  })
  return `[${items.join(',')}]`
}
