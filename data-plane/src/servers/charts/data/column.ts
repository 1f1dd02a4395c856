import { invalid } from './table.ts'
import type { Cell, Table } from './table.ts'

/**
 * A column with its cells converted: numbers, which databases may send as text, to numbers; times to milliseconds
 * since 1970 UTC.
 */
export interface Column {
  name: string
  kind: 'number' | 'time' | 'category'
  cells: Cell[]
}

export function columnOf(table: Table, field: string, name: string): Column {
  const index = table.columns.indexOf(name)
  if (index < 0) throw invalid(field, `names no column: "${name.slice(0, 100)}".`, `The columns are: ${columnList(table.columns)}.`)

  const cells = table.rows.map((row) => row[index] ?? null)
  const title = titleOf(name)
  const presentCells = cells.filter((cell) => cell !== null)
  if (presentCells.length > 0 && presentCells.every(isNumber)) return { name: title, kind: 'number', cells: cells.map(numberOf) }
  if (presentCells.length > 0 && presentCells.every(isTime)) return { name: title, kind: 'time', cells: cells.map(timeOf) }
  return { name: title, kind: 'category', cells: cells.map((cell) => (cell === null ? null : String(cell))) }
}

/**
 * Vega uses titles as keys of a plain object and fails for `constructor`. An invisible space makes such a title
 * another key.
 */
export const titleOf = (text: string) => (text in {} ? `${text}\u200b` : text)

/** The column as numbers. Throws an error that names a value which is not a number. */
export function numbersOf(table: Table, field: string, name: string): Column {
  const column = columnOf(table, field, name)
  if (column.kind === 'number') return column
  const wrongValue =
    column.kind === 'time' ? 'dates' : `"${String(column.cells.find((cell) => cell !== null && !isNumber(cell)) ?? '').slice(0, 60)}"`
  throw invalid(field, `needs a column of numbers; "${name}" holds ${wrongValue}.`, `The columns are: ${columnList(table.columns)}.`)
}

const columnList = (columns: string[]) => columns.slice(0, 40).join(', ') + (columns.length > 40 ? ', …' : '')

const numberPattern = /^\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d{1,3})?\s*$/i
const timePattern = /^(\d{4})-(\d{2})(?:-(\d{2})(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[-+]\d{2}(?::?\d{2})?)?)?)?$/

const isNumber = (cell: Cell) => typeof cell === 'number' || (typeof cell === 'string' && numberPattern.test(cell))
const isTime = (cell: Cell) => typeof cell === 'string' && timeOf(cell) !== null

function numberOf(cell: Cell): number | null {
  return cell === null ? null : Number(cell)
}

/** A time without a zone counts as UTC, so that the same rows give the same chart on every machine. */
function timeOf(cell: Cell): number | null {
  const text = String(cell)
  if (!timePattern.test(text)) return null
  const zoned = /T|\s/.test(text) && !/(?:Z|[-+]\d{2}(?::?\d{2})?)$/.test(text.slice(10)) ? `${text}Z` : text
  const ms = Date.parse(zoned.replace(' ', 'T').replace(/([-+]\d{2})$/, (zone) => (zoned.length > 10 ? `${zone}:00` : zone)))
  return Number.isNaN(ms) ? null : ms
}

/** The cells as names of categories. A time is written as a date, or as date and time. */
export function namesOf({ kind, cells }: Column): (string | null)[] {
  return cells.map((cell) => (cell === null ? null : kind === 'time' ? formatTime(Number(cell)) : String(cell)))
}

function formatTime(ms: number): string {
  const iso = new Date(ms).toISOString()
  return iso.endsWith('T00:00:00.000Z') ? iso.slice(0, 10) : iso.slice(0, 16).replace('T', ' ')
}
