import type { Cell } from '../format/cells.ts'
import type { DescribedColumn } from './read-columns.ts'

/** A table as the tool tells it. */
export interface Description {
  table: string
  /** The name as a statement writes it, when it is another. */
  sql_name?: string
  kind: string
  comment?: string
  columns: DescribedColumn[]
  /** How many columns there are on all pages. */
  columns_total: number
  next_cursor: string | null
  primary_key: string[]
  indexes: string[]
  checks: string[]
  references: string[]
  referenced_by: string[]
  /** Rows with a cell for each column of the page. */
  sample?: Cell[][] | undefined
  note?: string
}
