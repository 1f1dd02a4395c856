import { invalid } from './table.ts'
import type { Cell, Table } from './table.ts'
import { timesOf, timeName } from './time.ts'

/**
 * A column with its cells converted: numbers, which databases may send as text, to numbers; times to milliseconds
 * since 1970, as the clock of the chart's zone shows them.
 */
export interface Column {
  name: string
  kind: 'number' | 'time' | 'category'
  cells: Cell[]
  /** Whether the names, when sorted, are in order of time. */
  areTimes?: boolean
}

/**
 * The column as what it seems to hold. Texts count as numbers only if the numbers tell the same apart as the texts do:
 * 02134 is no number, nor is an id that a double cannot hold.
 */
export function columnOf(table: Table, field: string, name: string): Column {
  const cells = cellsOf(table, field, name)
  const title = titleOf(name)
  const presentCells = cells.filter((cell) => cell !== null)
  if (presentCells.length === 0) throw invalid(field, `needs a column with values; every value of "${name.slice(0, 100)}" is null.`)
  if (areNumbers(presentCells)) return { name: title, kind: 'number', cells: cells.map(numberOf) }
  const times = timesOf(cells, table.timezone)
  if (times) return { name: title, kind: 'time', cells: times }
  return { name: title, kind: 'category', cells: cells.map((cell) => (cell === null ? null : String(cell))) }
}

/** The column as names, also if it holds numbers or times: a colour, a slice or a place on an axis has a name. */
export function categoriesOf(table: Table, field: string, name: string): Column {
  const column = columnOf(table, field, name)
  return { name: column.name, kind: 'category', cells: namesOf(column), areTimes: column.kind === 'time' }
}

/**
 * The same, and null has a name too, which no other value has: Vega would draw the text null and the value null as one
 * series, and write both as null.
 */
export function categoriesAndNone(table: Table, field: string, name: string): Column {
  const column = categoriesOf(table, field, name)
  let noName = '(none)'
  while (column.cells.includes(noName)) noName = `(${noName})`
  return { ...column, cells: column.cells.map((cell) => cell ?? noName) }
}

/**
 * Vega uses titles as keys of a plain object and fails for `constructor`. An invisible space makes such a title
 * another key.
 */
export const titleOf = (text: string) => (text in {} ? `${text}\u200b` : text)

/** The column as numbers, however they are spelt. Throws an error that names a value which is not a number. */
export function numbersOf(table: Table, field: string, name: string): Column {
  const cells = cellsOf(table, field, name)
  const wrongCell = cells.find((cell) => cell !== null && !isNumber(cell))
  if (wrongCell !== undefined && wrongCell !== null) {
    const values = timesOf(cells, table.timezone) ? 'dates' : `"${String(wrongCell).slice(0, 60)}"`
    throw invalid(field, `needs a column of numbers; "${name}" holds ${values}.`, hintOf(table))
  }
  if (cells.every((cell) => cell === null)) {
    throw invalid(field, `needs a column of numbers; every value of "${name}" is null.`, hintOf(table))
  }
  return { name: titleOf(name), kind: 'number', cells: cells.map(numberOf) }
}

/** A note if different texts of a column became the same number. */
export function mergedNumbers(table: Table, name: string): string[] {
  const textOfNumber = new Map<number, string>()
  for (const cell of cellsOf(table, name, name)) {
    const [text, number] = [String(cell), Number(cell)]
    if (cell === null || Number.isSafeInteger(number) || !Number.isInteger(number)) continue
    const other = textOfNumber.get(number)
    if (other !== undefined && other !== text)
      return [
        `"${name.slice(0, 100)}" holds whole numbers above 2^53: this chart draws some that differ, such as ${other} and ${text}, as one.`,
      ]
    textOfNumber.set(number, text)
  }
  return []
}

function cellsOf(table: Table, field: string, name: string): Cell[] {
  const index = table.columns.indexOf(name)
  if (index < 0) throw invalid(field, `names no column: "${name.slice(0, 100)}".`, hintOf(table))
  return table.rows.map((row) => row[index] ?? null)
}

const hintOf = ({ columns }: Table) => `The columns are: ${columns.slice(0, 40).join(', ')}${columns.length > 40 ? ', …' : ''}.`

const numberPattern = /^\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d{1,3})?\s*$/i
/** As JSON spells numbers (RFC 8259, section 6): no leading zero, no plus sign, no space. */
const plainNumberPattern = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[-+]?\d{1,3})?$/i

const isNumber = (cell: Cell) => typeof cell === 'number' || (typeof cell === 'string' && numberPattern.test(cell))

function areNumbers(cells: Cell[]): boolean {
  const textOfNumber = new Map<number, string>()
  return cells.every((cell) => {
    if (typeof cell === 'number') return true
    if (typeof cell !== 'string' || !plainNumberPattern.test(cell)) return false
    const number = Number(cell)
    if (Number.isInteger(number) && !Number.isSafeInteger(number)) return false
    const firstText = textOfNumber.get(number) ?? cell
    textOfNumber.set(number, firstText)
    return firstText === cell
  })
}

function numberOf(cell: Cell): number | null {
  return cell === null ? null : Number(cell)
}

/** The cells as names of categories. A time is written as a date, or as date and time. */
export function namesOf({ kind, cells }: Column): (string | null)[] {
  return cells.map((cell) => (cell === null ? null : kind === 'time' ? timeName(Number(cell)) : String(cell)))
}
