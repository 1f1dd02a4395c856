/**
 * Characters that a terminal would act on instead of showing: control
 * characters except line breaks, and marks that reorder text.
 */
const unprintable = /(?!\n)[\p{Cc}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu

/**
 * Escapes such characters. Audit records hold texts of callers,
 * and these must not control the terminal of their reader.
 */
export const printable = (text: string): string =>
  text.replace(unprintable, (char) => `\\u${(char.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`)
