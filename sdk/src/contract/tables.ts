import { z } from 'zod'

/** Two double quotes stand for one inside. PostgreSQL allows every character in a name but the null. */
const quoted = String.raw`"(?:[^"\0]|"")+"`
const unquoted = String.raw`[^."*\s\p{Cc}]+`
const part = String.raw`(${quoted}|${unquoted}|\*)`
const pattern = new RegExp(`^${part}\\.${part}$`, 'u')

const isText = (text: string) => text.isWellFormed() && !text.includes('\0')

/**
 * `schema.table`, spelled as the database stores it (PostgreSQL stores
 * unquoted names in lower case). `*` stands for any schema or any table.
 * A part with a dot, a blank, a quote or a star is written in double quotes,
 * as in SQL (PostgreSQL, 4.1.1): `"s-old"."dotted.name"`, `""` for a quote.
 */
export const TablePattern = z
  .string()
  .regex(
    pattern,
    'a table is schema.table, where either may be *; a name with a dot, blank, quote or star is in double quotes: public."pay 2024"',
  )
  .refine(isText, 'a name holds no broken character')

/** The name of a column, as the database stores it, without quotes. Every character may be in it. */
export const ColumnName = z.string().min(1).max(128).refine(isText, 'a name holds no null and no broken character')

const columns = z.record(TablePattern, z.array(ColumnName).min(1))

/** What one person may read over one SQL connection. A table that no pattern allows cannot be read. */
export const TableRules = z.object({
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
  rules.allow.some((pattern) => matches(pattern, table)) && !isDenied(rules, table)

/** A rule denies this table. */
export const isDenied = ({ deny }: Pick<TableRules, 'deny'>, table: TableId): boolean => deny.some((pattern) => matches(pattern, table))

/** A rule allows this table by its whole name, and not by a `*`. */
export const isNamedExactly = ({ allow }: Pick<TableRules, 'allow'>, table: TableId): boolean =>
  allow.some((pattern) => !pattern.split('.').includes('*') && matches(pattern, table))

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

function matches(text: string, { schema, table }: TableId): boolean {
  const [schemaPart = '', tablePart = ''] = partsOf(text)
  return matchesName(schemaPart, schema) && matchesName(tablePart, table)
}

function partsOf(text: string): string[] {
  if (text.includes('"')) return pattern.exec(text)?.slice(1) ?? []
  const dot = text.indexOf('.')
  return [text.slice(0, dot), text.slice(dot + 1)]
}

function matchesName(part: string, name: string): boolean {
  if (part.startsWith('"')) return part.slice(1, -1).replaceAll('""', '"') === name
  return part === '*' || part === name
}
