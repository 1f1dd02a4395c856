import { searchFor } from '../runtime/text-search.ts'
import { HIDDEN } from './redact.ts'

/**
 * So much of the beginning of a secret is hidden before the rest is there: half of it, and no less. Whoever has a
 * server repeat what they guess sees where something is hidden. From a shorter beginning they would find a secret that
 * others gave one character after the other.
 */
const beginningOf = (secret: string): string => secret.slice(0, Math.max(8, Math.ceil(secret.length / 2)))

/** So far back from a cut, or from the end of what was said, is looked for the beginning of a value. */
const maxAroundChars = 8_192

interface Range {
  readonly from: number
  readonly to: number
}

/**
 * Texts that are read one after the other, with secrets hidden that begin in one of them and go on in the next. The
 * same array where there is none.
 */
export function hideAcross(texts: readonly string[], secrets: readonly string[]): readonly string[] {
  const whole = texts.join('')
  const around = Math.min(secrets[0]?.length ?? 0, maxAroundChars)
  const ranges: Range[] = []
  let cut = 0
  let searched = 0
  for (const text of texts) {
    // What begins before the cut may go on behind it.
    ranges.push(...occurrences(whole, secrets, Math.max(searched, cut - around), cut))
    searched = cut
    cut += text.length
  }
  return ranges.length === 0 ? texts : cutOut(texts, ranges)
}

/**
 * What is said next on a stream, with that part of a secret hidden which goes on from what was said `before`, or which
 * begins at the end of `text`. Of a secret that comes in small pieces the first half has left already.
 */
export function hideContinued(before: string, text: string, secrets: readonly string[]): string {
  const whole = before + text
  const ranges = [...occurrences(whole, secrets), ...beginningAtEnd(whole, secrets)].filter(({ to }) => to > before.length)
  return ranges.length === 0 ? text : (cutOut([before, text], ranges)[1] ?? text)
}

/** As much of what was said as may be the beginning of a secret. */
export function endOf(said: string, secrets: readonly string[]): string {
  const longest = secrets[0]?.length ?? 0
  return said.slice(said.length - Math.min(said.length, longest, maxAroundChars))
}

/** Where secrets begin, from `from` up to `end`. */
function occurrences(text: string, secrets: readonly string[], from = 0, end = text.length): Range[] {
  const ranges: Range[] = []
  if (secrets.length > 0)
    searchFor(secrets).search(text, (index, at) => ranges.push({ from: at, to: at + (secrets[index]?.length ?? 0) }), from, end)
  return ranges
}

function beginningAtEnd(text: string, secrets: readonly string[]): Range[] {
  const ranges: Range[] = []
  if (secrets.length === 0) return ranges
  const last = Math.max(0, text.length - (secrets[0]?.length ?? 0))
  const found = (index: number, from: number) => {
    if (secrets[index]?.startsWith(text.slice(from))) ranges.push({ from, to: text.length })
  }
  searchFor(beginningsOf(secrets)).search(text, found, last)
  return ranges
}

const beginnings = new WeakMap<readonly string[], readonly string[]>()

/** The same list of secrets is looked for in notification after notification. */
function beginningsOf(secrets: readonly string[]): readonly string[] {
  const known = beginnings.get(secrets)
  if (known) return known
  const made = secrets.map(beginningOf)
  beginnings.set(secrets, made)
  return made
}

/** Each text without what of it lies in a range, which a mark stands for. */
function cutOut(texts: readonly string[], ranges: readonly Range[]): string[] {
  const apart = joined(ranges)
  let at = 0
  let next = 0
  return texts.map((text) => {
    const start = at
    at += text.length
    while ((apart[next]?.to ?? Infinity) <= start) next++
    let left = ''
    let done = 0
    for (let index = next; (apart[index]?.from ?? Infinity) < at; index++) {
      const { from = 0, to = 0 } = apart[index] ?? {}
      left += text.slice(done, Math.max(from - start, 0)) + HIDDEN
      done = to - start
    }
    return done === 0 ? text : left + text.slice(done)
  })
}

/** The same in their order, those that lie over each other as one. */
function joined(ranges: readonly Range[]): readonly Range[] {
  const apart: { from: number; to: number }[] = []
  for (const { from, to } of ranges.toSorted((a, b) => a.from - b.from)) {
    const last = apart.at(-1)
    if (last && from < last.to) last.to = Math.max(last.to, to)
    else apart.push({ from, to })
  }
  return apart
}
