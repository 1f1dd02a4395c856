/**
 * The lines that contain a text, in any case of letters, with so many lines around each. `--` stands for those between,
 * which are left out.
 */
export function matchingLines(lines: readonly string[], text: string, around: number): { lines: string[]; count: number } {
  const wanted = text.toLowerCase()
  const found = lines.flatMap((line, index) => (line.toLowerCase().includes(wanted) ? [index] : []))
  const kept: string[] = []
  let next = 0
  for (const index of found) {
    const start = Math.max(next, index - around)
    if (kept.length > 0 && start > next) kept.push('--')
    const end = Math.min(lines.length, index + around + 1)
    kept.push(...lines.slice(start, end))
    next = Math.max(next, end)
  }
  return { lines: kept, count: found.length }
}
