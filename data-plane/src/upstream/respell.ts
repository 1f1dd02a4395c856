import { isObject } from '../mcp/is-object.ts'
import { itemsOf, membersOf } from './json-text.ts'
import type { Members, Place } from './json-text.ts'

type Fields = Readonly<Record<string, unknown>>

/**
 * The JSON of a value that was made out of `before`, which stands in `text`: whatever is the same in both is as it was written, at any
 * depth. Undefined where JSON has no word for it. No key may stand twice in `text`.
 */
function respelled(text: string, before: unknown, now: unknown): string | undefined {
  if (Object.is(before, now)) return text
  if (isObject(before) && isObject(now)) return respelledObject(text, before, now, membersOf(text).spans)
  if (Array.isArray(before) && Array.isArray(now)) return respelledList(text, before, now)
  return JSON.stringify(now)
}

/** `spans` are those of the members of `before` in `text`. */
export function respelledObject(text: string, before: Fields, now: Fields, spans: Members['spans']): string {
  let json = ''
  for (const key in now) {
    const span = Object.hasOwn(before, key) ? spans.get(key) : undefined
    const said = span ? respelled(at(text, span), before[key], now[key]) : JSON.stringify(now[key])
    if (said !== undefined) json += `${json === '' ? '' : ','}${JSON.stringify(key)}:${said}`
  }
  return `{${json}}`
}

/** Where items were taken out, what is left is known by what it is; else by its place. */
function respelledList(text: string, before: readonly unknown[], now: readonly unknown[]): string {
  const places = itemsOf(text)
  const placeOf = before.length === now.length ? undefined : new Map(before.map((item, index) => [item, index]))
  const items = now.map((item, index) => {
    const from = (typeof item === 'object' ? placeOf?.get(item) : undefined) ?? index
    const place = places[from]
    return (place ? respelled(at(text, place), before[from], item) : JSON.stringify(item)) ?? 'null'
  })
  return `[${items.join(',')}]`
}

const at = (text: string, { start, end }: Place): string => text.slice(start, end)
