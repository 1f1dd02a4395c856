import { z } from 'zod'
import { cutEnd } from '../../../server-kit/text/cut.ts'

/** The argument for the longest text that a reply may have. */
export const maxCharsArg = z.number().int().min(500).max(60_000).default(12_000)

export interface FittedLines {
  readonly text: string
  /** How many lines are in `text`. */
  readonly lines: number
  /** How many characters were left out. */
  readonly leftChars: number
}

/** The beginning of a text, cut at the end of a line, and how many lines that are. */
export function fitLines(text: string, maxChars: number): FittedLines {
  const { text: kept, leftChars } = cutEnd(text, maxChars)
  return { text: kept, lines: countLines(kept), leftChars }
}

function countLines(text: string): number {
  let count = 0
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) count++
  return text === '' || text.endsWith('\n') ? count : count + 1
}
