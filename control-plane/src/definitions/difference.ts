import { plain } from '@bir/sdk/contract/suspicious'

/**
 * Describes each difference between two definitions in a sentence, for the person who decides. The result is bounded.
 */
export function describeDifferences(before: unknown, after: unknown): string[] {
  const oldLeaves = leavesOf(before)
  const newLeaves = leavesOf(after)
  const paths = [...new Set([...oldLeaves.keys(), ...newLeaves.keys()])]
  const sentences = paths.flatMap((path) => describeChange(path, oldLeaves.get(path), newLeaves.get(path)))
  const isComplete = Math.max(oldLeaves.size, newLeaves.size) < maxLeaves
  return [
    ...sentences.slice(0, maxSentences),
    ...(sentences.length > maxSentences ? [`and ${sentences.length - maxSentences} more differences`] : []),
    ...(isComplete ? [] : ['it holds more than can be compared in words']),
  ]
}

const maxSentences = 50
const maxLeaves = 20_000
const maxValueLength = 300
const maxKeyLength = 100
const contextLength = 30

/** `undefined` means that there is no value at this path. `null` comes as the text `null`. */
function describeChange(path: string, before: string | undefined, after: string | undefined): string[] {
  if (before === after) return []
  if (before === undefined) return after === undefined ? [] : [`${path} is new: ${excerpt(after)}`]
  if (after === undefined) return [`${path} is gone, which was ${excerpt(before)}`]
  const from = Math.max(0, commonPrefixLength(before, after) - contextLength)
  return [`${path} was ${excerpt(before, from)}, and is ${excerpt(after, from)}`]
}

function commonPrefixLength(a: string, b: string): number {
  let at = 0
  while (at < a.length && a[at] === b[at]) at++
  return at
}

/**
 * Every leaf value as JSON, by its path. Empty objects and lists count too: a schema that became `{}` allows
 * anything.
 */
function leavesOf(value: unknown): Map<string, string> {
  const leaves = new Map<string, string>()
  const nameCounts = new Map<string, number>()
  const walk = (inner: unknown, path: string): void => {
    if (leaves.size >= maxLeaves) return
    const entries = typeof inner === 'object' && inner !== null ? Object.entries(inner) : []
    if (entries.length === 0) return void leaves.set(uniqueName(path, nameCounts), JSON.stringify(inner))
    for (const [key, child] of entries) walk(child, Array.isArray(inner) ? `${path}[${key}]` : childPath(path, key))
  }
  walk(value, '')
  return leaves
}

/** Adds a number to a name that was used before, so that no leaf can hide another one of the same name. */
function uniqueName(path: string, nameCounts: Map<string, number>): string {
  const name = path === '' ? 'the definition' : path
  const uses = nameCounts.get(name) ?? 0
  nameCounts.set(name, uses + 1)
  return uses === 0 ? name : `${name} (${uses + 1})`
}

function childPath(path: string, key: string): string {
  const name = plain(key.length > maxKeyLength ? `${key.slice(0, maxKeyLength)}…` : key)
  return path === '' ? name : `${path}.${name}`
}

/** A value for the sentence. A long value is cut: it begins at `from`, shortly before the first difference. */
function excerpt(json: string, from = 0): string {
  if (json.length <= maxValueLength) return plain(json)
  const end = from + maxValueLength
  return `${from > 0 ? '…' : ''}${plain(json.slice(from, end))}${end < json.length ? '…' : ''} (${json.length} characters)`
}
