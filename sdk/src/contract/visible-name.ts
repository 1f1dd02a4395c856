/*
 * Names that somebody chose and others read: of clients, of tokens. What cannot be seen in a name makes two names look
 * the same, or one look like none.
 */

/** Blank characters that Unicode counts as letters, marks or symbols. */
const blanks = String.raw`\u2800\u{16fe4}\u{1d159}`
/** Control and format characters, halves of characters, separators of lines, fillers (UAX 44, Default_Ignorable). */
const unseen = String.raw`[\p{C}\p{Zl}\p{Zp}${blanks}]|(?!\ufe0f)\p{Default_Ignorable_Code_Point}`
/** U+FE0F shows as colour, and only on an emoji. */
const idleSelector = String.raw`(?<!\p{Extended_Pictographic})\ufe0f(?!\u20e3)`
/** No language writes so many marks on one character. A mark on none is drawn over what stands before it. */
const strayMarks = String.raw`\p{M}{5}|(?:^|\s)\p{M}`

const unfit = new RegExp(`${unseen}|${idleSelector}|${strayMarks}`, 'u')
const everyUnseen = new RegExp(unseen, 'gu')

/** Whether all of a name can be seen: no character is hidden or blank, and none has more than four combining marks. */
export const isSeen = (name: string): boolean => !unfit.test(name)

/** What can be seen of a text that nobody checked. It may be nothing. */
export const seenOf = (text: string): string =>
  text
    .replace(/\s+/g, ' ')
    .replace(everyUnseen, '')
    .replace(/(\p{M}{4})\p{M}+/gu, '$1')
