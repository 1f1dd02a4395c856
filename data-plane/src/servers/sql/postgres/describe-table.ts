import type { TableId, TableRules } from '@bir/sdk/contract/tables'
import type { PoolClient } from 'pg'
import { noSuchTable } from '../guard/syntax/refusal.ts'
import { tableKey } from '../guard/resolve/tables.ts'
import type { KnownTable } from '../guard/resolve/tables.ts'
import type { OpenConnection } from '../connection/open-connection.ts'
import { readCells } from '../format/cells.ts'
import type { Cell } from '../format/cells.ts'
import { readKnownTables } from './known-tables.ts'
import { readRows } from './read-rows.ts'
import { inReadOnlyTransaction, quoteIdentifier } from './transaction.ts'

const maxSampleRows = 3

export interface TableDescription {
  comment: string | null
  kind: string
  columns: { name: string; type: string; nullable: boolean; masked: boolean; comment: string | null }[]
  primary_key: string[]
  indexes: { name: string; columns: string[]; unique: boolean }[]
  references: ForeignKey[]
  referenced_by: ForeignKey[]
  sample?: Cell[][]
}

export interface ForeignKey {
  columns: string[]
  table: string
  table_columns: string[]
}

/** Describes a table as the person may see it: a hidden column is in no column list, key, index or foreign key. */
export function describeTable(connection: OpenConnection, id: TableId, writtenName: string, sample: boolean): Promise<TableDescription> {
  return inReadOnlyTransaction(connection, async (client) => {
    const table = (await readKnownTables(client, connection.rules, [id])).get(tableKey(id))
    if (!table) throw noSuchTable(writtenName)
    const visibleColumns = new Map(table.columns.filter(({ fate }) => fate !== 'hidden').map(({ number, name }) => [number, name]))
    const { comment, kind } = await readKindAndComment(client, table.oid)
    return {
      comment,
      kind,
      columns: await readColumns(client, table),
      ...(await readIndexes(client, table.oid, visibleColumns)),
      references: await readForeignKeys(client, connection.rules, table, visibleColumns, 'conrelid'),
      referenced_by: await readForeignKeys(client, connection.rules, table, visibleColumns, 'confrelid'),
      ...(sample && !table.hasClosedParts ? { sample: await readSample(client, table) } : {}),
    }
  })
}

async function readKindAndComment(client: PoolClient, oid: number) {
  const { rows } = await client.query<{ comment: string | null; kind: string }>(
    `select obj_description(oid, 'pg_class') as comment,
      case relkind when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table' else 'table' end as kind
    from pg_class where oid = $1`,
    [oid],
  )
  return rows[0] ?? { comment: null, kind: 'table' }
}

async function readColumns(client: PoolClient, table: KnownTable): Promise<TableDescription['columns']> {
  const { rows } = await client.query<{ number: number; type: string; nullable: boolean; comment: string | null }>(
    `select attnum as number, format_type(atttypid, atttypmod) as type, not attnotnull as nullable,
      col_description(attrelid, attnum) as comment
    from pg_attribute where attrelid = $1 and attnum > 0 and not attisdropped`,
    [table.oid],
  )
  const details = new Map(rows.map((row) => [row.number, row]))
  return table.columns.flatMap(({ number, name, fate }) => {
    const detail = details.get(number)
    if (!detail || fate === 'hidden') return []
    return [{ name, type: detail.type, nullable: detail.nullable, masked: fate === 'masked', comment: detail.comment }]
  })
}

/**
 * When a column is hidden, indexes with an expression or a condition are left out: these may mention the hidden
 * column.
 */
async function readIndexes(client: PoolClient, oid: number, visibleColumns: ReadonlyMap<number, string>) {
  const { rows } = await client.query<{
    name: string
    numbers: number[]
    unique: boolean
    primary: boolean
    plain: boolean
    total: number
  }>(
    `select c.relname as name, i.indkey::int2[] as numbers, i.indisunique as unique, i.indisprimary as primary,
      i.indexprs is null and i.indpred is null as plain,
      (select count(*)::int from pg_attribute a where a.attrelid = $1 and a.attnum > 0 and not a.attisdropped) as total
    from pg_index i join pg_class c on c.oid = i.indexrelid where i.indrelid = $1 order by c.relname`,
    [oid],
  )
  // The number 0 stands for an expression.
  const visibleIndexes = rows.filter(
    ({ numbers, plain, total }) =>
      (plain || total === visibleColumns.size) && numbers.every((number) => number === 0 || visibleColumns.has(number)),
  )
  const columnNames = (numbers: number[]) => numbers.map((number) => visibleColumns.get(number) ?? '(expression)')
  return {
    primary_key: columnNames(visibleIndexes.find(({ primary }) => primary)?.numbers ?? []),
    indexes: visibleIndexes.map(({ name, numbers, unique }) => ({ name, columns: columnNames(numbers), unique })),
  }
}

/** A foreign key between the described table and another, whose schema and name the row has. */
interface ForeignKeyRow extends TableId {
  numbers: number[]
  other_numbers: number[]
}

async function readForeignKeys(
  client: PoolClient,
  rules: TableRules,
  { oid }: KnownTable,
  visibleColumns: ReadonlyMap<number, string>,
  side: 'conrelid' | 'confrelid',
): Promise<ForeignKey[]> {
  const [numbers, otherNumbers, otherTable] = side === 'conrelid' ? ['conkey', 'confkey', 'confrelid'] : ['confkey', 'conkey', 'conrelid']
  const { rows } = await client.query<ForeignKeyRow>(
    `select n.nspname as schema, c.relname as table, k.${numbers} as numbers, k.${otherNumbers} as other_numbers
    from pg_constraint k join pg_class c on c.oid = k.${otherTable} join pg_namespace n on n.oid = c.relnamespace
    where k.contype = 'f' and k.${side} = $1 and k.conparentid = 0 order by n.nspname, c.relname, k.conname`,
    [oid],
  )
  const otherTables = await readKnownTables(client, rules, rows)
  return rows.flatMap((row) => {
    const other = otherTables.get(tableKey(row))
    const columns = row.numbers.map((number) => visibleColumns.get(number))
    const otherColumns = row.other_numbers.map(
      (number) => other?.columns.find((column) => column.number === number && column.fate !== 'hidden')?.name,
    )
    if (!other || !columns.every(isName) || !otherColumns.every(isName)) return []
    return [{ columns, table: `${row.schema}.${row.table}`, table_columns: otherColumns }]
  })
}

const isName = (name: string | undefined): name is string => name !== undefined

async function readSample(client: PoolClient, { schema, table, columns }: KnownTable): Promise<Cell[][]> {
  const visibleColumns = columns.filter(({ fate }) => fate !== 'hidden')
  if (visibleColumns.length === 0) return []
  const text = `select ${visibleColumns.map(({ name }) => quoteIdentifier(name)).join(', ')} from ${quoteIdentifier(schema)}.${quoteIdentifier(table)}`
  const { fields, rows } = await readRows(client, text, [], maxSampleRows)
  return readCells(
    rows,
    fields.map(({ dataTypeID }, index) => ({ type: dataTypeID, isMasked: visibleColumns[index]?.fate === 'masked' })),
  )
}
