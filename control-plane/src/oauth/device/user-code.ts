import { randomInt } from 'node:crypto'

/** Consonants that no two of look alike, and that spell no words (RFC 8628, section 6.1). */
const alphabet = 'BCDFGHJKLMNPQRSTVWXZ'
const letterCount = 8
const isCode = new RegExp(`^[${alphabet}]{${letterCount}}$`)

/**
 * A code that a person reads from one screen and types on another: `WDJB-MJHT`, one of 20^8 (34 bits). It is good for
 * minutes, and guesses are limited (`attempts.ts`), so nobody finds one.
 */
export const newUserCode = (): string => written(Array.from({ length: letterCount }, () => alphabet[randomInt(alphabet.length)]).join(''))

/** The code that a person wrote, in whatever case and with whatever between its letters. Undefined: it is none. */
export function readUserCode(text: string): string | undefined {
  const letters = text.toUpperCase().replaceAll(/[\s._\p{Pd}]/gu, '')
  return isCode.test(letters) ? written(letters) : undefined
}

const written = (letters: string) => `${letters.slice(0, letterCount / 2)}-${letters.slice(letterCount / 2)}`
