/**
 * Divides `max` among claimants. Each gets what it wants, or as much as any other. A remainder goes to the first ones.
 */
export function fairShares(wants: readonly number[], max: number): number[] {
  const shares = wants.map(() => 0)
  let remaining = max
  for (;;) {
    const unsatisfied = wants.flatMap((want, at) => (want > (shares[at] ?? 0) ? [at] : []))
    if (unsatisfied.length === 0 || remaining <= 0) return shares
    const portion = Math.max(1, Math.floor(remaining / unsatisfied.length))
    for (const at of unsatisfied) {
      const share = shares[at] ?? 0
      const addition = Math.min(portion, remaining, (wants[at] ?? 0) - share)
      shares[at] = share + addition
      remaining -= addition
    }
  }
}
