import { withField } from '../../json/edit.ts'
import { isObject } from '../../json/is-object.ts'
import { cutText } from './cut-text.ts'

type Fields = Readonly<Record<string, unknown>>
type Items = readonly unknown[]

/** Where the results of a method hold what a model reads: a list, and what its items are. */
const held = new Map<string, { readonly key: string; readonly each: Reader }>([
  ['tools/call', { key: 'content', each: block }],
  ['prompts/get', { key: 'messages', each: message }],
  ['resources/read', { key: 'contents', each: contents }],
])

/** Gives what becomes of a text; undefined where it is left out. */
type Change = (text: string) => string | undefined
/** What an item becomes with all its texts changed; none where nothing is left of it. The very same object where nothing changes. */
type Reader = (item: unknown, change: Change) => Items

/** A result with no more text than `budget` characters in all, as a model reads it; the very same object where there is no more. Images, sound and bytes in base64 do not count. */
export function cutToBudget(method: string, result: Fields, budget: number): Fields {
  const { key = '', each } = held.get(method) ?? {}
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

/** The first text that does not fit is cut, and says how many after it are left out. Undefined where all fit. */
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

/** A remote server's blocks may be anything: what is no text is not looked at. */
function block(item: unknown, change: Change): Items {
  if (!isObject(item)) return [item]
  if (item['type'] === 'text') return withText(item, change)
  return item['type'] === 'resource' ? withText(item['resource'], change).map((one) => withField(item, 'resource', one)) : [item]
}

function message(item: unknown, change: Change): Items {
  if (!isObject(item)) return [item]
  const { content } = item
  if (!Array.isArray(content)) return block(content, change).map((one) => withField(item, 'content', one))
  const blocks = content.flatMap((one) => block(one, change))
  if (blocks.length === 0 && content.length > 0) return []
  return blocks.length === content.length && blocks.every((one, at) => one === content[at]) ? [item] : [{ ...item, content: blocks }]
}

/** The page of an app is for a browser, and half of it is none. */
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
