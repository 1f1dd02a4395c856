/**
 * Characters that a terminal obeys or that nobody sees: controls, lone surrogates, and format characters, which turn
 * the direction of writing or have no width (Unicode, general categories Cc, Cs, Cf, Zl, Zp). A joiner (U+200C, U+200D)
 * is ordinary after an emoji, a mark, or a letter of a script that joins; elsewhere it only hides.
 */
const unseen =
  /(?![\u200c\u200d])[\p{Cc}\p{Cs}\p{Cf}\p{Zl}\p{Zp}]|(?<![\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f\p{M}]|(?![\p{sc=Latin}\p{sc=Greek}\p{sc=Cyrillic}])\p{L})[\u200c\u200d]/gu

const shortForms: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** The text with such characters written as escapes: `\n`, `\u001b`, `\u202e`. Everything else stays as it is. */
export const visible = (text: string): string => text.replace(unseen, (character) => shortForms[character] ?? escaped(character))

function escaped(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16)
  return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, '0')}`
}
