const maxCell = 500
const { isSafeInteger } = Number

/** A value as an answer carries it: a number where JSON can hold it exactly, else text. */
export type Cell = string | number | boolean | null

type Read = (text: string) => Cell

const short: Read = (text) => {
  if (text.length <= maxCell) return text
  // Never inside a surrogate pair.
  const end = /[\ud800-\udbff]/.test(text[maxCell - 1] ?? '') ? maxCell - 1 : maxCell
  return `${text.slice(0, end)}… (${text.length} characters)`
}
const whole: Read = (text) => (isSafeInteger(Number(text)) ? Number(text) : text)
/** A double holds every decimal of 15 digits. */
const decimal: Read = (text) =>
  /^-?\d+(\.\d+)?$/.test(text) && text.replace(/\D/g, '').replace(/^0+/, '').length <= 15 ? Number(text) : short(text)
const float: Read = (text) => (Number.isFinite(Number(text)) ? Number(text) : text)

/** By PostgreSQL's type id; everything else is text. */
const readers: Readonly<Record<number, Read>> = {
  16: (text) => text === 't',
  17: (text) => `<${Math.max(0, (text.length - 2) / 2)} bytes>`,
  20: whole,
  21: whole,
  23: whole,
  26: whole,
  700: float,
  701: float,
  1700: decimal,
}

export const readCell = (text: string | null, type: number): Cell => (text === null ? null : (readers[type] ?? short)(text))

const shown = 2
const longEnough = 8

/** A masked value: `•••` and, of eight characters and more, the last two, so that people can tell cards apart. Null stays null. */
export const masked = (text: string | null): Cell => {
  if (text === null) return null
  const letters = Array.from(text)
  return letters.length < longEnough ? '•••' : `•••${letters.slice(-shown).join('')}`
}
