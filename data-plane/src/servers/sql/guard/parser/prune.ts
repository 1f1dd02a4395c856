const maxNodes = 8_000
const maxDepth = 300

/**
 * Removes the source positions from a tree, in place. Returns false when the rest is too large to be walked, and to be
 * sent from the parser process to the data plane, within a few milliseconds. It does not recurse, because the tree may
 * be ten thousand levels deep.
 */
export function prune(root: unknown): boolean {
  const stack: { value: unknown; depth: number }[] = [{ value: root, depth: 0 }]
  let nodes = 0
  for (let entry = stack.pop(); entry !== undefined; entry = stack.pop()) {
    const { value, depth } = entry
    if (typeof value !== 'object' || value === null) continue
    if (depth > maxDepth || ++nodes > maxNodes) return false
    if ('location' in value) delete value.location
    for (const inner of Object.values(value)) stack.push({ value: inner, depth: depth + 1 })
  }
  return true
}
