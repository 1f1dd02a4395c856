import { withField } from '../../json/edit.ts'
import { isObject } from '../../json/is-object.ts'
import { cutText } from './cut-text.ts'

type Fields = Readonly<Record<string, unknown>>
type Items = readonly unknown[]

/** Where the result of a method holds text for a model: the member with the list, and the kind of its items. */
const textPlaces = new Map<string, { readonly key: string; readonly each: Reader }>([
  ['tools/call', { key: 'content', each: block }],
  ['prompts/get', { key: 'messages', each: message }],
  ['resources/read', { key: 'contents', each: contents }],
])

/** Gives the text that takes the place of another; undefined to leave it out. */
type Change = (text: string) => string | undefined
/**
 * Applies a change to all texts of an item. Gives no item when nothing is left of it, and the very same item when
 * nothing changes.
 */
type Reader = (item: unknown, change: Change) => Items

/**
 * Cuts a result to `budget` characters of text in all, as a model reads them. Images, sound and base64 do not count.
 * The very same object when nothing is cut.
 */
export function cutToBudget(method: string, result: Fields, budget: number): Fields {
  const { key = '', each } = textPlaces.get(method) ?? {}
  const items = result[key]
  if (!each || !Array.isArray(items)) return result
  const change = cutting(textsIn(items, each), budget)
  return change ? { ...result, [key]: items.flatMap((item) => each(item, change)) } : result
}

function textsIn(items: Items, each: Reader): string[] {
  const texts: string[] = []
  for (const item of items)
    each(item, (text) => {
      texts.push(text)
      return text
    })
  return texts
}

/**
 * Cuts the first text that does not fit, which then says how many texts after it are left out. Undefined when all fit.
 */
function cutting(texts: readonly string[], budget: number): Change | undefined {
  let left = budget
  const last = texts.findIndex(({ length }) => (left -= length) < 0)
  if (last === -1) return undefined
  const fits = left + (texts[last]?.length ?? 0)
  let at = -1
  return (text) => {
    at++
    if (at < last) return text
    return at === last ? cutText(text, fits, texts.length - 1 - last) : undefined
  }
}

/** A remote server may send any block: one without text is passed on as it is. */
function block(item: unknown, change: Change): Items {
  if (!isObject(item)) return [item]
  if (item['type'] === 'text') return withText(item, change)
  return item['type'] === 'resource' ? withText(item['resource'], change).map((changed) => withField(item, 'resource', changed)) : [item]
}

function message(item: unknown, change: Change): Items {
  if (!isObject(item)) return [item]
  const { content } = item
  if (!Array.isArray(content)) return block(content, change).map((changed) => withField(item, 'content', changed))
  const blocks = content.flatMap((item) => block(item, change))
  if (blocks.length === 0 && content.length > 0) return []
  return blocks.length === content.length && blocks.every((changed, at) => changed === content[at])
    ? [item]
    : [{ ...item, content: blocks }]
}

/** The page of an app is for a browser. It is not cut, because half a page does not work. */
function contents(item: unknown, change: Change): Items {
  return isObject(item) && isView(item) ? [item] : withText(item, change)
}

const isView = ({ uri, mimeType }: Fields) =>
  typeof uri === 'string' && uri.startsWith('ui://') && typeof mimeType === 'string' && /;\s*profile="?mcp-app\b/i.test(mimeType)

function withText(item: unknown, change: Change): Items {
  if (!isObject(item) || typeof item['text'] !== 'string') return [item]
  const text = change(item['text'])
  return text === undefined ? [] : [withField(item, 'text', text)]
}
