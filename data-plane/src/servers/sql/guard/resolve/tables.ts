import type { ColumnFate, TableId } from '@bir/sdk/contract/tables'

export interface Column {
  name: string
  fate: ColumnFate
}

/** A table, view or the like that the person may read, with what becomes of its columns. */
export interface KnownTable extends TableId {
  /** How PostgreSQL names it in a result's description. */
  oid: number
  view: boolean
  /** Has row-level security: its plans tell of the policy. */
  policed: boolean
  /** By attribute number, hidden columns among them. */
  columns: (Column & { number: number })[]
  /** Some part of it, reached by inheritance or partitions, is closed to the person. */
  partsClosed: boolean
  /** Everything that reading it may touch, as `schema.table`. */
  reaches: string[]
}

/** The readable tables a statement mentions, by `key`. Whatever is not in it does not exist. */
export type KnownTables = ReadonlyMap<string, KnownTable>

export const key = ({ schema, table }: TableId): string => JSON.stringify([schema, table])

const order = ['plain', 'masked', 'hidden'] as const satisfies ColumnFate[]

/** Of two fates the stricter. */
export const stricter = (a: ColumnFate, b: ColumnFate): ColumnFate => (order.indexOf(a) >= order.indexOf(b) ? a : b)
