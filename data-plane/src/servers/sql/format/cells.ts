const maxTextChars = 500
const maxNumberChars = 2_000
const maxHexBytes = 32

/** A value of the result: a number if JSON can hold it exactly, else text. */
export type Cell = string | number | boolean | null

/**
 * The rows of a result as cells. `int8` and `numeric` are exact: such a column holds numbers if JSON writes each of its
 * numbers with the same digits, and texts if one would lose some (1.10, or more digits than a double has). So whoever
 * computes with a column never meets both. `types` are PostgreSQL's type ids (pg_type.oid).
 */
export function readCells(rows: readonly (readonly (string | null)[])[], types: readonly number[]): Cell[][] {
  const readers = types.map((type, at) => readerOf(type, rows, at))
  return rows.map((row) => row.map((text, at) => (text === null ? null : (readers[at] ?? readText)(text))))
}

type CellReader = (text: string) => Cell

function readerOf(type: number, rows: readonly (readonly (string | null)[])[], at: number): CellReader {
  if (type !== 20 && type !== 1700) return readers[type] ?? readText
  return rows.every((row) => isJsonNumber(row[at] ?? '0')) ? Number : readNumber
}

/** Does JSON, read as doubles and written again, keep every digit? */
function isJsonNumber(text: string): boolean {
  const number = Number(text)
  return String(number) === text && (Number.isInteger(number) ? Number.isSafeInteger(number) : Number.isFinite(number))
}

/** A number is whole or not there at all: some of its digits would be another number. */
const readNumber: CellReader = (text) => (text.length <= maxNumberChars ? text : `<number of ${text.replace(/\D/g, '').length} digits>`)

/** NaN, the infinities and -0 as text: JSON has none of them. */
const readFloat: CellReader = (text) => (Number.isFinite(Number(text)) && text !== '-0' ? Number(text) : text)

/** `text` is `\x` and two digits a byte. */
function readBytes(text: string): string {
  const count = Math.max(0, (text.length - 2) / 2)
  return count <= maxHexBytes ? text : `<${count} bytes>`
}

const readText: CellReader = (text) => cutText(text, maxTextChars)

/** At most so many characters, as Unicode counts them (code points), and how many there are. */
function cutText(text: string, max: number): string {
  if (text.length <= max) return text
  let chars = 0
  let end = 0
  for (let at = 0; at < text.length; at += isPair(text, at) ? 2 : 1) {
    if (chars === max) end = at
    chars++
  }
  return chars <= max ? text : `${text.slice(0, end)}… (${chars} characters)`
}

const isPair = (text: string, at: number) => (text.codePointAt(at) ?? 0) > 0xffff

/** Readers by PostgreSQL's type id. Values of any other type are read as text. */
const readers: Readonly<Record<number, CellReader>> = {
  16: (text) => text === 't',
  17: readBytes,
  21: Number,
  23: Number,
  26: Number,
  700: readFloat,
  701: readFloat,
}

const cutMark = /… \((\d+) characters\)$/

/**
 * A shorter form of a cell, for a row that is too long as a whole. Texts are cut and say so; what cannot be cut, such
 * as a number, gives way to its length.
 */
export function shortenCell(cell: Cell, max: number): Cell {
  if (typeof cell !== 'string' || cell.length <= max) return cell
  if (/^-?[\d.]+$/.test(cell)) return `<number of ${cell.replace(/\D/g, '').length} digits>`
  if (/^\\x[\da-f]+$/.test(cell)) return `<${(cell.length - 2) / 2} bytes>`
  const cut = cutMark.exec(cell)
  if (!cut) return cutText(cell, max)
  const start = cell.slice(0, cut.index)
  const shorter = cutText(start, max)
  return shorter === start ? cell : shorter.replace(cutMark, cut[0])
}
