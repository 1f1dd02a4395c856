import { invalid } from './table.ts'
import type { Cell, Table } from './table.ts'

/** One column made ready: numbers are numbers (databases send the long ones as text), moments are milliseconds in UTC. */
export interface Column {
  name: string
  kind: 'number' | 'time' | 'category'
  cells: Cell[]
}

export function columnOf(table: Table, field: string, name: string): Column {
  const at = table.columns.indexOf(name)
  if (at < 0) throw invalid(field, `names no column: "${name.slice(0, 100)}".`, `The columns are: ${listed(table.columns)}.`)

  const cells = table.rows.map((row) => row[at] ?? null)
  const title = titleOf(name)
  const known = cells.filter((cell) => cell !== null)
  if (known.length > 0 && known.every(isNumber)) return { name: title, kind: 'number', cells: cells.map(numberOf) }
  if (known.length > 0 && known.every(isTime)) return { name: title, kind: 'time', cells: cells.map(timeOf) }
  return { name: title, kind: 'category', cells: cells.map((cell) => (cell === null ? null : String(cell))) }
}

/** Vega keeps titles as keys of a plain object and stumbles over `constructor`; an invisible space tells them apart. */
export const titleOf = (text: string) => (text in {} ? `${text}\u200b` : text)

/** The column as numbers, or a sentence that says which value is none. */
export function numbersOf(table: Table, field: string, name: string): Column {
  const column = columnOf(table, field, name)
  if (column.kind === 'number') return column
  const wrong =
    column.kind === 'time' ? 'dates' : `"${String(column.cells.find((cell) => cell !== null && !isNumber(cell)) ?? '').slice(0, 60)}"`
  throw invalid(field, `needs a column of numbers; "${name}" holds ${wrong}.`, `The columns are: ${listed(table.columns)}.`)
}

const listed = (columns: string[]) => columns.slice(0, 40).join(', ') + (columns.length > 40 ? ', …' : '')

const number = /^\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d{1,3})?\s*$/i
const time = /^(\d{4})-(\d{2})(?:-(\d{2})(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[-+]\d{2}(?::?\d{2})?)?)?)?$/

const isNumber = (cell: Cell) => typeof cell === 'number' || (typeof cell === 'string' && number.test(cell))
const isTime = (cell: Cell) => typeof cell === 'string' && timeOf(cell) !== null

function numberOf(cell: Cell): number | null {
  return cell === null ? null : Number(cell)
}

/** A time without a zone is taken as UTC, so that the same rows give the same chart everywhere. */
function timeOf(cell: Cell): number | null {
  const text = String(cell)
  if (!time.test(text)) return null
  const zoned = /T|\s/.test(text) && !/(?:Z|[-+]\d{2}(?::?\d{2})?)$/.test(text.slice(10)) ? `${text}Z` : text
  const ms = Date.parse(zoned.replace(' ', 'T').replace(/([-+]\d{2})$/, (zone) => (zoned.length > 10 ? `${zone}:00` : zone)))
  return Number.isNaN(ms) ? null : ms
}

/** The column as names, moments as they are written. */
export function namesOf({ kind, cells }: Column): (string | null)[] {
  return cells.map((cell) => (cell === null ? null : kind === 'time' ? source(Number(cell)) : String(cell)))
}

function source(ms: number): string {
  const iso = new Date(ms).toISOString()
  return iso.endsWith('T00:00:00.000Z') ? iso.slice(0, 10) : iso.slice(0, 16).replace('T', ' ')
}
