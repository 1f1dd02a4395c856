import { plain } from '@bir/sdk/contract/suspicious'

/** From one definition to another, a sentence a difference, for a person who decides. Bounded, whatever is given. */
export function differenceWords(before: unknown, after: unknown): string[] {
  const old = leavesOf(before)
  const now = leavesOf(after)
  const paths = [...new Set([...old.keys(), ...now.keys()])]
  const words = paths.flatMap((path) => wordsOf(path, old.get(path), now.get(path)))
  const isWhole = Math.max(old.size, now.size) < maxLeaves
  return [
    ...words.slice(0, maxWords),
    ...(words.length > maxWords ? [`and ${words.length - maxWords} more differences`] : []),
    ...(isWhole ? [] : ['it holds more than can be compared in words']),
  ]
}

const maxWords = 50
const maxLeaves = 20_000
const maxValueLength = 300
const maxKeyLength = 100
const context = 30

/** Null is a value; undefined is the absence of one. */
function wordsOf(path: string, before: string | undefined, after: string | undefined): string[] {
  if (before === after) return []
  if (before === undefined) return after === undefined ? [] : [`${path} is new: ${shown(after)}`]
  if (after === undefined) return [`${path} is gone, which was ${shown(before)}`]
  const from = Math.max(0, alike(before, after) - context)
  return [`${path} was ${shown(before, from)}, and is ${shown(after, from)}`]
}

/** How many characters they begin alike with. */
function alike(a: string, b: string): number {
  let at = 0
  while (at < a.length && a[at] === b[at]) at++
  return at
}

/** Every value by its place, as JSON. Empty objects and lists count: a schema that became `{}` allows anything. */
function leavesOf(value: unknown): Map<string, string> {
  const leaves = new Map<string, string>()
  const times = new Map<string, number>()
  const walk = (inner: unknown, path: string): void => {
    if (leaves.size >= maxLeaves) return
    const entries = typeof inner === 'object' && inner !== null ? Object.entries(inner) : []
    if (entries.length === 0) return void leaves.set(told(path, times), JSON.stringify(inner))
    for (const [key, of] of entries) walk(of, Array.isArray(inner) ? `${path}[${key}]` : joined(path, key))
  }
  walk(value, '')
  return leaves
}

/** Two places that would be called alike are told apart: none is to stand before the other. */
function told(path: string, times: Map<string, number>): string {
  const name = path === '' ? 'the definition' : path
  const before = times.get(name) ?? 0
  times.set(name, before + 1)
  return before === 0 ? name : `${name} (${before + 1})`
}

function joined(path: string, key: string): string {
  const name = plain(key.length > maxKeyLength ? `${key.slice(0, maxKeyLength)}…` : key)
  return path === '' ? name : `${path}.${name}`
}

/** What is too long to be shown is shown from where it begins to differ. */
function shown(json: string, from = 0): string {
  if (json.length <= maxValueLength) return plain(json)
  const end = from + maxValueLength
  return `${from > 0 ? '…' : ''}${plain(json.slice(from, end))}${end < json.length ? '…' : ''} (${json.length} characters)`
}
