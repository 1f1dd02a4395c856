import { z } from 'zod'

const part = String.raw`(?:[\p{L}_][\p{L}\p{N}_$]*|\*)`

/**
 * `schema.table`, spelled as the database stores it (PostgreSQL stores
 * unquoted names in lower case). `*` stands for any schema or any table.
 */
export const TablePattern = z.string().regex(new RegExp(`^${part}\\.${part}$`, 'u'), 'a table is schema.table, where either may be *')

/** The name of a column, as the database stores it. */
export const ColumnName = z.string().min(1).max(128)

const columns = z.record(TablePattern, z.array(ColumnName).min(1))

/** What one person may read over one SQL connection. A table that no pattern allows cannot be read. */
export const TableRules = z.strictObject({
  allow: z.array(TablePattern),
  /** `deny` wins over `allow`. */
  deny: z.array(TablePattern).default([]),
  /** Columns that do not exist for this person. */
  hide: columns.default({}),
  /** Columns whose values are masked. */
  mask: columns.default({}),
  /** The most rows that one query returns. */
  maxRows: z.int().positive().max(1_000_000).optional(),
  /** The longest time that one query may take. */
  timeoutMs: z.int().positive().max(3_600_000).optional(),
})
export type TableRules = z.infer<typeof TableRules>

/** A table of a database. */
export interface TableId {
  schema: string
  table: string
}

/** May this table be read? `deny` wins over `allow`. */
export const mayRead = (rules: TableRules, table: TableId): boolean =>
  rules.allow.some((pattern) => matches(pattern, table)) && !rules.deny.some((pattern) => matches(pattern, table))

/** plain: values are shown. masked: values are masked. hidden: the column does not exist. */
export type ColumnFate = 'plain' | 'masked' | 'hidden'

/** How a column of a readable table is shown. `hide` wins over `mask`. */
export function columnFate(rules: TableRules, table: TableId, column: string): ColumnFate {
  if (hasColumn(rules.hide, table, column)) return 'hidden'
  if (hasColumn(rules.mask, table, column)) return 'masked'
  return 'plain'
}

const hasColumn = (columnsByTable: Record<string, string[]>, table: TableId, column: string) =>
  Object.entries(columnsByTable).some(([pattern, columns]) => matches(pattern, table) && columns.includes(column))

function matches(pattern: string, { schema, table }: TableId): boolean {
  const dot = pattern.indexOf('.')
  const schemaPattern = pattern.slice(0, dot)
  const tablePattern = pattern.slice(dot + 1)
  return (schemaPattern === '*' || schemaPattern === schema) && (tablePattern === '*' || tablePattern === table)
}
