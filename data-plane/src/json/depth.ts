import type { Fields } from './edit.ts'

/** JSON may be read at depths at which it cannot be written: one such entry would cost everybody the list it is merged into. */
const maxDepth = 256

const fine = new WeakSet<Fields>()

/** Looked into once per entry: lists are kept and merged many times. */
export function isTooDeep(entry: Fields): boolean {
  if (fine.has(entry)) return false
  let level: unknown[] = [entry]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > maxDepth) return true
    level = level.flatMap((value) => (typeof value === 'object' && value !== null ? Object.values(value) : []))
  }
  fine.add(entry)
  return false
}
