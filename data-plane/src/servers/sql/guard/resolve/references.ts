import type { ColumnPlace, Span, TablePlace } from '../parser/places.ts'
import type { KnownTable } from './tables.ts'

/** A reference to a table in a FROM, or the command `TABLE name`. */
export interface TableReference {
  place: TablePlace
  table: KnownTable
  /** The statement gives it another name, which follows it in the text. */
  hasAlias: boolean
  /** `ONLY`: without the rows of its partitions and of the tables that inherit from it. */
  isOnly: boolean
  /** The TABLESAMPLE that follows it. */
  sample: Span | undefined
}

/** A key of GROUP BY that is the whole primary key of a table with closed columns, or the last part of it. */
export interface GroupKey {
  place: ColumnPlace
  /** The name of the relation, and those of its other columns that the query uses. */
  relation: string
  columns: string[]
}

/** What resolving a statement found that its rewriting needs. */
export interface References {
  tables: TableReference[]
  /** Columns written as `schema.table.column`, of tables that are replaced by a subquery. */
  qualifiedColumns: ColumnPlace[]
  groupKeys: GroupKey[]
}
