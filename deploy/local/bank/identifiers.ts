import type { Draw } from './draw.ts'

const digits = '0123456789'
/** A FIN, the personal number of Azerbaijan, has no I and no O. */
const finAlphabet = `${digits}ABCDEFGHJKLMNPQRSTUVWXYZ`

/** An IBAN of Azerbaijan with correct check digits, at a bank that does not exist. */
export function iban(draw: Draw): string {
  const account = `BIRB${draw.text(digits, 20)}`
  const check = 98n - (BigInt(numeric(`${account}AZ00`)) % 97n)
  return `AZ${String(check).padStart(2, '0')}${account}`
}

/** Replaces letters by numbers from A = 10 on (ISO 13616). */
export const numeric = (text: string): string => Array.from(text, (character) => String(Number.parseInt(character, 36))).join('')

/** A card number that passes the Luhn check, in ranges that are reserved for tests. */
export function cardNumber(draw: Draw): string {
  const body = draw.item(['40000000', '55555555']) + draw.text(digits, 7)
  const check = (10 - (luhnSum(`${body}0`) % 10)) % 10
  return `${body}${check}`
}

export function luhnSum(number: string): number {
  return Array.from(number)
    .reverse()
    .reduce((sum, character, place) => {
      const value = Number(character) * (place % 2 === 1 ? 2 : 1)
      return sum + (value > 9 ? value - 9 : value)
    }, 0)
}

export const fin = (draw: Draw): string => draw.text(finAlphabet, 7)

export const phone = (draw: Draw): string =>
  `+994${draw.item(['50', '51', '55', '70', '77', '99'])}${draw.int(200, 999)}${draw.text(digits, 4)}`
