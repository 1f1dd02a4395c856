import { ToolError } from '@bir/sdk/contract/errors'
import { LIMITS } from './limits.ts'

export type Cell = string | number | boolean | null

/** Columns and rows, in whichever form the caller sent them. */
export interface Table {
  columns: string[]
  rows: Cell[][]
  /** The zone whose clock the times of the chart show: a name of the IANA database. Absent: UTC. */
  timezone?: string
}

interface TableInput {
  data?: Record<string, unknown>[] | undefined
  columns?: string[] | undefined
  rows?: unknown[][] | undefined
}

/** `data` is a list of objects. `columns` and `rows` have the form of a query's answer. */
export function tableOf({ data, columns, rows }: TableInput): Table {
  if (data && rows) throw invalid('data', 'was given together with rows; give one of them.')
  if (rows && !columns) throw invalid('columns', 'is missing: the names of the columns of rows, in their order.')
  if (!data && !rows) throw invalid('data', 'is missing: a list of objects, or columns and rows as a query answers them.')

  const count = (data ?? rows ?? []).length
  if (count === 0) throw invalid(data ? 'data' : 'rows', 'is empty: there is nothing to draw.')
  if (count > LIMITS.maxRows) {
    throw new ToolError('too_large', `${count} rows; at most ${LIMITS.maxRows}.`, { hint: 'Aggregate the rows in the query first.' })
  }
  return data ? fromObjects(data) : fromLists(columns ?? [], rows ?? [])
}

function fromObjects(data: Record<string, unknown>[]): Table {
  const columns = [...new Set(data.flatMap((row) => Object.keys(row)))]
  return { columns, rows: data.map((row) => columns.map((column) => toCell(Object.hasOwn(row, column) ? row[column] : null))) }
}

function fromLists(columns: string[], rows: unknown[][]): Table {
  const wrongRow = rows.findIndex((row) => row.length !== columns.length)
  if (wrongRow >= 0) throw invalid('rows', `[${wrongRow}] has ${rows[wrongRow]?.length} values for ${columns.length} columns.`)
  return { columns, rows: rows.map((row) => row.map(toCell)) }
}

function toCell(value: unknown): Cell {
  if (value === undefined || value === null) return null
  if (typeof value === 'number') return Number.isFinite(value) ? value : null
  if (typeof value === 'string' || typeof value === 'boolean') return value
  return JSON.stringify(value)
}

export const invalid = (field: string, message: string, hint?: string) =>
  new ToolError('invalid_input', `${field} ${message}`, hint === undefined ? {} : { hint })
