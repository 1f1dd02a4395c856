/** One change of a text: the bytes from `start` up to `end`, of its UTF-8 form, become `text`. */
export interface Edit {
  start: number
  end: number
  text: string
}

export interface EditedText {
  text: string
  /**
   * The character of the original text, counted from 1 as PostgreSQL counts, for a character of the edited one. A
   * character that an edit has put in stands for the place of the edit.
   */
  originalPosition(position: number): number
}

/** Applies edits that do not overlap. */
export function editText(original: string, edits: readonly Edit[]): EditedText {
  const bytes = Buffer.from(original)
  const sortedEdits = edits.toSorted((a, b) => a.start - b.start || a.end - b.end)
  const parts: string[] = []
  let copiedUpTo = 0
  for (const { start, end, text } of sortedEdits) {
    if (start < copiedUpTo || end < start) throw new Error('two edits of a statement overlap')
    parts.push(bytes.toString('utf8', copiedUpTo, start), text)
    copiedUpTo = end
  }
  parts.push(bytes.toString('utf8', copiedUpTo))
  return { text: parts.join(''), originalPosition: (position) => originalPosition(bytes, sortedEdits, position) }
}

function originalPosition(bytes: Buffer, edits: readonly Edit[], position: number): number {
  let remaining = position - 1
  let copiedUpTo = 0
  let originalCharacters = 0
  for (const { start, end, text } of edits) {
    const copiedCharacters = countCharacters(bytes.toString('utf8', copiedUpTo, start))
    if (remaining < copiedCharacters) break
    remaining -= copiedCharacters
    originalCharacters += copiedCharacters
    const addedCharacters = countCharacters(text)
    if (remaining < addedCharacters) return originalCharacters + 1
    remaining -= addedCharacters
    originalCharacters += countCharacters(bytes.toString('utf8', start, end))
    copiedUpTo = end
  }
  return originalCharacters + remaining + 1
}

const countCharacters = (text: string) => Array.from(text).length
