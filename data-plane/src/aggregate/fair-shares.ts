/** Divides `most` among those who want: everyone gets what they want or as much as anyone else, and what is left goes to the first. */
export function fairShares(wants: readonly number[], max: number): number[] {
  const given = wants.map(() => 0)
  let left = max
  for (;;) {
    const hungry = wants.flatMap((want, at) => (want > (given[at] ?? 0) ? [at] : []))
    if (hungry.length === 0 || left <= 0) return given
    const portion = Math.max(1, Math.floor(left / hungry.length))
    for (const at of hungry) {
      const more = Math.min(portion, left, (wants[at] ?? 0) - (given[at] ?? 0))
      given[at] = (given[at] ?? 0) + more
      left -= more
    }
  }
}
