import type { Fields } from './edit.ts'

/**
 * JSON.parse reads JSON that is nested too deeply for JSON.stringify to write. One such entry would make the whole
 * list it is merged into fail, for everybody.
 */
const maxDepth = 256

const shallowEntries = new WeakSet<Fields>()

/** Walks each entry once and remembers the result, because lists are cached and merged many times. */
export function isTooDeep(entry: Fields): boolean {
  if (shallowEntries.has(entry)) return false
  let level: unknown[] = [entry]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > maxDepth) return true
    level = level.flatMap((value) => (typeof value === 'object' && value !== null ? Object.values(value) : []))
  }
  shallowEntries.add(entry)
  return false
}
