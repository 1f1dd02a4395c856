const maxNodes = 8_000
const maxDepth = 300

/**
 * Drops source positions from a tree, in place, and says whether what remains is small enough to be walked and
 * handed between threads in a few milliseconds. Uses no recursion: the tree may be ten thousand levels deep.
 */
export function prune(root: unknown): boolean {
  const open: { value: unknown; depth: number }[] = [{ value: root, depth: 0 }]
  let nodes = 0
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value, depth } = next
    if (typeof value !== 'object' || value === null) continue
    if (depth > maxDepth || ++nodes > maxNodes) return false
    if ('location' in value) delete value.location
    for (const part of Object.values(value)) open.push({ value: part, depth: depth + 1 })
  }
  return true
}
