import { z } from 'zod'

const part = String.raw`(?:[\p{L}_][\p{L}\p{N}_$]*|\*)`

/** `schema.table` as the database itself spells it (PostgreSQL folds unquoted names to lower case); `*` stands for any schema or any table. */
export const TablePattern = z.string().regex(new RegExp(`^${part}\\.${part}$`, 'u'), 'a table is schema.table, where either may be *')

export const ColumnName = z.string().min(1).max(128)

const columns = z.record(TablePattern, z.array(ColumnName).min(1))

/** What one person may read over one SQL connection. No rule = no table. */
export const TableRules = z.strictObject({
  allow: z.array(TablePattern),
  deny: z.array(TablePattern).default([]),
  /** Columns that do not exist for this person. */
  hide: columns.default({}),
  /** Columns whose values come back masked. */
  mask: columns.default({}),
  maxRows: z.int().positive().max(1_000_000).optional(),
  timeoutMs: z.int().positive().max(3_600_000).optional(),
})
export type TableRules = z.infer<typeof TableRules>

export interface TableId {
  schema: string
  table: string
}

/** May this table be read at all? Deny wins over allow. */
export const mayRead = (rules: TableRules, table: TableId): boolean =>
  rules.allow.some((pattern) => matches(pattern, table)) && !rules.deny.some((pattern) => matches(pattern, table))

export type ColumnFate = 'plain' | 'masked' | 'hidden'

/** What becomes of a column of a table that may be read. Hide beats mask. */
export function columnFate(rules: TableRules, table: TableId, column: string): ColumnFate {
  if (names(rules.hide, table, column)) return 'hidden'
  if (names(rules.mask, table, column)) return 'masked'
  return 'plain'
}

const names = (of: Record<string, string[]>, table: TableId, column: string) =>
  Object.entries(of).some(([pattern, columns]) => matches(pattern, table) && columns.includes(column))

function matches(pattern: string, { schema, table }: TableId): boolean {
  const dot = pattern.indexOf('.')
  const wantsSchema = pattern.slice(0, dot)
  const wantsTable = pattern.slice(dot + 1)
  return (wantsSchema === '*' || wantsSchema === schema) && (wantsTable === '*' || wantsTable === table)
}
