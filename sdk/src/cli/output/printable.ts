/** What a terminal would obey rather than show: control characters (line breaks aside) and marks that reorder text. */
const unprintable = /(?!\n)[\p{Cc}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu

/** Audit records hold what callers sent; shown as it is, it could rewrite the screen of whoever reads it. */
export const printable = (text: string): string =>
  text.replace(unprintable, (char) => `\\u${(char.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`)
