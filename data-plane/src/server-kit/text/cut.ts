export interface CutText {
  readonly text: string
  /** How many characters were left out; 0: it is whole. */
  readonly leftChars: number
}

/** The beginning of a text, cut on the boundary of a line where the last line is not the only one. */
export function cutEnd(text: string, maxChars: number): CutText {
  if (text.length <= maxChars) return { text, leftChars: 0 }
  const lineEnd = text.lastIndexOf('\n', maxChars - 1)
  const kept = wellFormed(text.slice(0, lineEnd > 0 ? lineEnd + 1 : maxChars))
  return { text: kept, leftChars: text.length - kept.length }
}

/** The same for the end of a text, such as a log. */
export function cutBeginning(text: string, maxChars: number): CutText {
  if (text.length <= maxChars) return { text, leftChars: 0 }
  const start = text.length - maxChars
  const lineStart = text.indexOf('\n', start - 1) + 1
  const kept = text.slice(lineStart > 0 && lineStart < text.length ? lineStart : start)
  return { text: kept, leftChars: text.length - kept.length }
}

/** Without half of a character at the end. */
const wellFormed = (text: string): string => (/[\uD800-\uDBFF]$/.test(text) ? text.slice(0, -1) : text)
