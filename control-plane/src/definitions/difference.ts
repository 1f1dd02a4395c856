import { plain } from '@bir/sdk/contract/suspicious'

/** From one definition to another, a sentence a difference, for a person who decides. Bounded, whatever is given. */
export function differenceWords(before: unknown, after: unknown): string[] {
  const old = leavesOf(before)
  const now = leavesOf(after)
  const paths = [...new Set([...old.keys(), ...now.keys()])]
  const words = paths.flatMap((path) => wordsOf(path, old.get(path), now.get(path)))
  return words.length > MOST ? [...words.slice(0, MOST), `and ${words.length - MOST} more differences`] : words
}

const MOST = 50
const LONGEST = 300

/** Null is a value; undefined is the absence of one. */
function wordsOf(path: string, before: string | undefined, after: string | undefined): string[] {
  if (before === after) return []
  if (before === undefined) return [`${path} is new: ${after}`]
  if (after === undefined) return [`${path} is gone, which was ${before}`]
  return [`${path} was ${before}, and is ${after}`]
}

/** Every value by its place. Empty objects and lists count: a schema that became `{}` allows anything. */
function leavesOf(value: unknown, path = '', into = new Map<string, string>()): Map<string, string> {
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : []
  if (entries.length === 0) return into.set(path === '' ? 'the definition' : path, shown(value))
  for (const [key, inner] of entries) leavesOf(inner, Array.isArray(value) ? `${path}[${key}]` : joined(path, key), into)
  return into
}

const joined = (path: string, key: string) => (path === '' ? plain(key) : `${path}.${plain(key)}`)

function shown(value: unknown): string {
  const text = plain(JSON.stringify(value))
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}… (${text.length} characters)` : text
}
