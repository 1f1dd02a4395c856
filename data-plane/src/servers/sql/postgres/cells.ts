const maxCellChars = 500
const { isSafeInteger } = Number

/** A value of the result: a number if JSON can hold it exactly, else text. */
export type Cell = string | number | boolean | null

type CellReader = (text: string) => Cell

const readText: CellReader = (text) => {
  if (text.length <= maxCellChars) return text
  // Does not cut a surrogate pair in two.
  const end = /[\ud800-\udbff]/.test(text[maxCellChars - 1] ?? '') ? maxCellChars - 1 : maxCellChars
  return `${text.slice(0, end)}… (${text.length} characters)`
}
const readInteger: CellReader = (text) => (isSafeInteger(Number(text)) ? Number(text) : text)
/** A double represents every decimal number of up to 15 digits. */
const readDecimal: CellReader = (text) =>
  /^-?\d+(\.\d+)?$/.test(text) && text.replace(/\D/g, '').replace(/^0+/, '').length <= 15 ? Number(text) : readText(text)
const readFloat: CellReader = (text) => (Number.isFinite(Number(text)) ? Number(text) : text)

/** Readers by PostgreSQL's type id (pg_type.oid). Values of any other type are read as text. */
const readers: Readonly<Record<number, CellReader>> = {
  16: (text) => text === 't',
  17: (text) => `<${Math.max(0, (text.length - 2) / 2)} bytes>`,
  20: readInteger,
  21: readInteger,
  23: readInteger,
  26: readInteger,
  700: readFloat,
  701: readFloat,
  1700: readDecimal,
}

export const readCell = (text: string | null, type: number): Cell => (text === null ? null : (readers[type] ?? readText)(text))

const shownChars = 2
const minCharsToShowSome = 8

/**
 * Masks a value as `•••`. A value of eight characters or more keeps its last two, so that people can tell one card
 * number from another. Null stays null.
 */
export const maskText = (text: string | null): Cell => {
  if (text === null) return null
  const characters = Array.from(text)
  return characters.length < minCharsToShowSome ? '•••' : `•••${characters.slice(-shownChars).join('')}`
}
