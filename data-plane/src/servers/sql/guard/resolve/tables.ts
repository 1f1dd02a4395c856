import type { ColumnFate, TableId } from '@bir/sdk/contract/tables'

/**
 * What a value is made of, as far as the number of columns depends on it: `unnest` makes one column of an array of
 * single values, three of a tsvector, and one for each field of an array of rows.
 */
export type Shape = 'scalar' | 'scalars' | 'tsvector' | 'row' | 'rows' | 'unknown'

/** A column of a table by PostgreSQL's ids. The number zero stands for the whole row. */
export interface ColumnOrigin {
  oid: number
  number: number
}

/** A column that a statement can see. */
export interface Column {
  name: string
  shape: Shape
  /** Set for a column that comes straight from an open column of a table. */
  origin?: ColumnOrigin | undefined
  /** The name of the masked column whose masks this one holds. */
  maskOf?: string | undefined
}

/** A column of a table of the database. */
export interface TableColumn {
  /** PostgreSQL's attribute number. */
  number: number
  name: string
  fate: ColumnFate
  shape: Shape
  /** Values of its type can be compared, so GROUP BY may name it. */
  isGroupable: boolean
}

/** A table, view or other relation that the person may read, with the fate of each column. */
export interface KnownTable extends TableId {
  /** PostgreSQL's id of the table. The description of a result names the table of each column by it. */
  oid: number
  isView: boolean
  /** All its rows are in partitions. */
  isPartitioned: boolean
  /** The table has row-level security. Its plans would show the policy. */
  hasRowSecurity: boolean
  /** In the order of `number`. Hidden columns are among them. */
  columns: TableColumn[]
  /** The numbers of the columns of its primary key; empty without one. */
  primaryKey: number[]
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

/** Some columns are hidden or masked. Statements then read the table through a subquery that has only open columns. */
export const hasClosedColumns = ({ columns }: KnownTable): boolean => columns.some(({ fate }) => fate !== 'plain')

/** The columns that a statement can see: all but the hidden ones. */
export const openColumns = ({ columns }: KnownTable): TableColumn[] => columns.filter(({ fate }) => fate !== 'hidden')

const fatesByStrictness = ['plain', 'masked', 'hidden'] as const satisfies ColumnFate[]

export const stricterFate = (a: ColumnFate, b: ColumnFate): ColumnFate =>
  fatesByStrictness.indexOf(a) >= fatesByStrictness.indexOf(b) ? a : b
