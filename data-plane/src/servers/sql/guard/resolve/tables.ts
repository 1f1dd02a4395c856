import type { ColumnFate, TableId } from '@bir/sdk/contract/tables'

export interface Column {
  name: string
  fate: ColumnFate
}

/** A table, view or other relation that the person may read, with the fate of each column. */
export interface KnownTable extends TableId {
  /** PostgreSQL's id of the table. The description of a result names the table of each column by it. */
  oid: number
  isView: boolean
  /** The table has row-level security. Its plans would show the policy. */
  hasRowSecurity: boolean
  /** In the order of `number`, PostgreSQL's attribute number. Hidden columns are among them. */
  columns: (Column & { number: number })[]
  /** A partition or inheriting table of it is closed to the person. */
  hasClosedParts: boolean
  /**
   * Every table that a query of this one may scan, as `schema.table`: itself, its parts, and the tables behind a view.
   */
  underlyingTables: string[]
}

/**
 * Those tables a statement mentions that the person may read, by `tableKey`. Any other table does not exist for the
 * person.
 */
export type KnownTables = ReadonlyMap<string, KnownTable>

export const tableKey = ({ schema, table }: TableId): string => JSON.stringify([schema, table])

const fatesByStrictness = ['plain', 'masked', 'hidden'] as const satisfies ColumnFate[]

export const stricterFate = (a: ColumnFate, b: ColumnFate): ColumnFate =>
  fatesByStrictness.indexOf(a) >= fatesByStrictness.indexOf(b) ? a : b
