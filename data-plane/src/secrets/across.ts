import { HIDDEN } from './redact.ts'

/** So much of the beginning of a secret tells enough to be hidden, before the rest is there. */
const minBeginning = 8
/** So much of what stands around a cut is looked at. A longer value that was cut is not found. */
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
  for (const text of texts) {
    const start = Math.max(0, cut - around)
    if (cut > 0) {
      const there = occurrences(whole.slice(start, cut + around), secrets)
      ranges.push(...there.map(({ from, to }) => ({ from: from + start, to: to + start })))
    }
    cut += text.length
  }
  return ranges.length === 0 ? texts : cutOut(texts, ranges)
}

/**
 * What is said next on a stream, with that part of a secret hidden which goes on from what was said `before`, or which
 * begins at the end of `text`. Of a secret that comes in small pieces the first few characters have left already.
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

function occurrences(text: string, secrets: readonly string[]): Range[] {
  const ranges: Range[] = []
  for (const secret of secrets) {
    for (let from = text.indexOf(secret); from >= 0; from = text.indexOf(secret, from + 1)) ranges.push({ from, to: from + secret.length })
  }
  return ranges
}

function beginningAtEnd(text: string, secrets: readonly string[]): Range[] {
  const ranges: Range[] = []
  for (const secret of secrets) {
    const start = secret.slice(0, minBeginning)
    const first = Math.max(0, text.length - secret.length + 1)
    for (let from = text.indexOf(start, first); from >= 0; from = text.indexOf(start, from + 1)) {
      if (secret.startsWith(text.slice(from))) ranges.push({ from, to: text.length })
    }
  }
  return ranges
}

/** Each text without what of it lies in a range, which a mark stands for. */
function cutOut(texts: readonly string[], ranges: readonly Range[]): string[] {
  const sorted = ranges.toSorted((a, b) => a.from - b.from)
  let at = 0
  return texts.map((text) => {
    const start = at
    at += text.length
    let left = ''
    let done = 0
    for (const { from, to } of sorted) {
      const [cutFrom, cutTo] = [Math.max(from - start, done), Math.min(to - start, text.length)]
      if (cutTo <= cutFrom) continue
      left += text.slice(done, cutFrom) + HIDDEN
      done = cutTo
    }
    return done === 0 ? text : left + text.slice(done)
  })
}
