/*
 * Names that somebody chose and others read: of clients, of tokens. What cannot be seen in a name makes two names look
 * the same, or one look like none.
 */

/** Scripts whose letters change their shape where a joiner stands (UAX 31 §2.3): cursive ones, those with conjuncts. */
const cursive = ['Arabic', 'Syriac', 'Mandaic', 'Mongolian', 'Nko', 'Adlam', 'Hanifi_Rohingya']
const indic = ['Devanagari', 'Bengali', 'Gurmukhi', 'Gujarati', 'Oriya', 'Tamil', 'Telugu', 'Kannada', 'Malayalam', 'Sinhala']
const othersWithConjuncts = ['Khmer', 'Myanmar', 'Balinese', 'Javanese', 'Meetei_Mayek']
const ofJoiningScript = [...cursive, ...indic, ...othersWithConjuncts].map((script) => String.raw`\p{scx=${script}}`).join('')
const joined = String.raw`(?!\p{Default_Ignorable_Code_Point})(?=[\p{L}\p{M}])[${ofJoiningScript}]`
const emoji = String.raw`\p{Extended_Pictographic}`
/** Joiners (UAX 31, UTS 51) and selectors of text or colour that show, because of what stands around them. */
const shown = [
  String.raw`(?<=${joined})[\u200c\u200d](?=${joined})`,
  // The half of a letter at the end of a word, after a virama.
  String.raw`(?<=[\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d4d\u0dca])\u200d(?![\u200c\u200d])`,
  String.raw`(?<=${emoji}[\ufe0f\p{Emoji_Modifier}]?)\u200d(?=${emoji})`,
  String.raw`(?<=${emoji})[\ufe0e\ufe0f]`,
  String.raw`\ufe0f(?=\u20e3)`,
].join('|')

/** Blank characters that Unicode counts as letters, marks or symbols. */
const blanks = String.raw`\u2800\u{16fe4}\u{1d159}`
/**
 * Control and format characters, halves of characters, separators of lines, fillers (UAX 44, Default_Ignorable).
 * Characters for private use are seen: fonts have logos there.
 */
const hidden = String.raw`[\p{Cc}\p{Cf}\p{Cs}\p{Cn}\p{Zl}\p{Zp}${blanks}]|\p{Default_Ignorable_Code_Point}`
const unseen = String.raw`(?!${shown})(?:${hidden})`
/** No language writes so many marks on one character. A mark on none is drawn over what stands before it. */
const strayMarks = String.raw`\p{M}(?:[\u200c\u200d]?\p{M}){4}|(?:^|\s)\p{M}`

const unfit = new RegExp(`${unseen}|${strayMarks}`, 'u')
const everyUnseen = new RegExp(unseen, 'gu')

/** Whether all of a name can be seen: no character is hidden or blank, and none has more than four combining marks. */
export const isSeen = (name: string): boolean => !unfit.test(name)

/** What can be seen of a text that nobody checked. It may be nothing. */
export const seenOf = (text: string): string =>
  text
    .replace(/\s+/g, ' ')
    .replace(everyUnseen, '')
    .replace(/(\p{M}(?:[\u200c\u200d]?\p{M}){3})(?:[\u200c\u200d]?\p{M})+/gu, '$1')
