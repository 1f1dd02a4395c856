import { HIDDEN } from '../../../secrets/redact.ts'
import { MIN_HIDDEN_LENGTH } from '../../../secrets/spellings.ts'

/**
 * A text whose end or beginning was cut off, without what the cut left of a secret there: nobody finds that by the
 * whole value any more.
 */
export function hideAtTheCut(text: string, secrets: readonly string[], { start, end }: { start: boolean; end: boolean }): string {
  const left = end ? longest(secrets, (part) => text.endsWith(part), 'head') : 0
  const kept = left === 0 ? text : text.slice(0, -left) + HIDDEN
  const first = start ? longest(secrets, (part) => kept.startsWith(part), 'tail') : 0
  return first === 0 ? kept : HIDDEN + kept.slice(first)
}

/** The length of the longest beginning (`head`) or end (`tail`) of a secret that stands at the cut. */
function longest(secrets: readonly string[], stands: (part: string) => boolean, which: 'head' | 'tail'): number {
  let found = 0
  for (const secret of secrets) {
    for (let length = secret.length - 1; length > found && length >= MIN_HIDDEN_LENGTH; length--) {
      if (!stands(which === 'head' ? secret.slice(0, length) : secret.slice(-length))) continue
      found = length
    }
  }
  return found
}
