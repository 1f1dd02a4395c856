import type { Places } from './places.ts'

const maxNodes = 8_000
const maxDepth = 300

/** The kinds of nodes that a rewriting may change. Each gets a field `place`. */
const placedKinds = ['RangeVar', 'ColumnRef', 'FuncCall', 'RangeTableSample'] as const

/**
 * Replaces the source positions in a tree, in place, by the exact places of names that a rewriting may change. Returns
 * false when the tree is too large to be walked, and to be sent from the parser process to the data plane, within a few
 * milliseconds. It does not recurse, because the tree may be ten thousand levels deep.
 */
export function prune(root: unknown, places: Places): boolean {
  const stack: { value: unknown; depth: number }[] = [{ value: root, depth: 0 }]
  let nodes = 0
  for (let entry = stack.pop(); entry !== undefined; entry = stack.pop()) {
    const { value, depth } = entry
    if (typeof value !== 'object' || value === null) continue
    if (depth > maxDepth || ++nodes > maxNodes) return false
    placeNames(value as Record<string, unknown>, places)
    for (const inner of Object.values(value)) stack.push({ value: inner, depth: depth + 1 })
  }
  return true
}

function placeNames(value: Record<string, unknown>, places: Places): void {
  for (const kind of placedKinds) {
    const node = value[kind]
    if (typeof node === 'object' && node !== null) Object.assign(node, { place: places.of(kind, node as Record<string, unknown>) })
  }
  // A node is placed by its parent, so its own position is no longer needed.
  delete value['location']
}
