import { ToolError } from '@bir/sdk/contract/errors'
import { LIMITS } from './limits.ts'

export type Cell = string | number | boolean | null

/** Rows by column, whichever way they were given. */
export interface Table {
  columns: string[]
  rows: Cell[][]
}

interface Given {
  data?: Record<string, unknown>[] | undefined
  columns?: string[] | undefined
  rows?: unknown[][] | undefined
}

/** `data` is a list of objects; `columns` and `rows` are what a query answers. */
export function tableOf({ data, columns, rows }: Given): Table {
  if (data && rows) throw invalid('data', 'was given together with rows; give one of them.')
  if (rows && !columns) throw invalid('columns', 'is missing: the names of the columns of rows, in their order.')
  if (!data && !rows) throw invalid('data', 'is missing: a list of objects, or columns and rows as a query answers them.')

  const count = (data ?? rows ?? []).length
  if (count === 0) throw invalid(data ? 'data' : 'rows', 'is empty: there is nothing to draw.')
  if (count > LIMITS.maxRows) {
    throw new ToolError('too_large', `${count} rows; at most ${LIMITS.maxRows}.`, { hint: 'Aggregate the rows in the query first.' })
  }
  return data ? ofObjects(data) : ofLists(columns ?? [], rows ?? [])
}

function ofObjects(data: Record<string, unknown>[]): Table {
  const columns = [...new Set(data.flatMap((row) => Object.keys(row)))]
  return { columns, rows: data.map((row) => columns.map((column) => cell(Object.hasOwn(row, column) ? row[column] : null))) }
}

function ofLists(columns: string[], rows: unknown[][]): Table {
  const odd = rows.findIndex((row) => row.length !== columns.length)
  if (odd >= 0) throw invalid('rows', `[${odd}] has ${rows[odd]?.length} values for ${columns.length} columns.`)
  return { columns, rows: rows.map((row) => row.map(cell)) }
}

function cell(value: unknown): Cell {
  if (value === undefined || value === null) return null
  if (typeof value === 'number') return Number.isFinite(value) ? value : null
  if (typeof value === 'string' || typeof value === 'boolean') return value
  return JSON.stringify(value)
}

export const invalid = (field: string, message: string, hint?: string) =>
  new ToolError('invalid_input', `${field} ${message}`, hint === undefined ? {} : { hint })
