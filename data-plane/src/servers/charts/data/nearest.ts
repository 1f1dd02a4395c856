/** The word that a mistyped one most likely means; undefined if none is near. */
export function nearest(mistyped: string, words: string[]): string | undefined {
  if (mistyped.length > 60) return undefined
  let best: string | undefined
  let minEdits = Math.max(2, Math.floor(mistyped.length / 3)) + 1
  for (const word of words) {
    const edits = editDistance(mistyped.toLowerCase(), word.toLowerCase())
    if (edits < minEdits) [best, minEdits] = [word, edits]
  }
  return best
}

/** The Levenshtein distance, computed row by row. */
function editDistance(a: string, b: string): number {
  let previousRow = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const replacement = (previousRow[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      row.push(Math.min(replacement, (previousRow[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1))
    }
    previousRow = row
  }
  return previousRow[b.length] ?? 0
}
