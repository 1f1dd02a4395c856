import type { TableId } from '@bir/sdk/contract/tables'
import type { PoolClient } from 'pg'
import { noSuchTable } from '../guard/syntax/refusal.ts'
import { key } from '../guard/resolve/tables.ts'
import type { KnownTable } from '../guard/resolve/tables.ts'
import type { OpenConnection } from '../connection/open-connection.ts'
import { masked, readCell } from './cells.ts'
import type { Cell } from './cells.ts'
import { knownTables } from './known-tables.ts'
import { readRows } from './read-rows.ts'
import { quoted, reading } from './transaction.ts'

const sampleRows = 3

export interface Described {
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

/** A table as the person sees it: what is hidden from them is in no column, key, index or foreign key. */
export function describeTable(reach: OpenConnection, id: TableId, spelled: string, sample: boolean): Promise<Described> {
  return reading(reach, async (client) => {
    const table = (await knownTables(client, reach.rules, [id])).get(key(id))
    if (!table) throw noSuchTable(spelled)
    const visible = new Map(table.columns.filter(({ fate }) => fate !== 'hidden').map(({ number, name }) => [number, name]))
    const { comment, kind } = await readHead(client, table.oid)
    return {
      comment,
      kind,
      columns: await readColumns(client, table),
      ...(await readIndexes(client, table.oid, visible)),
      references: await readForeignKeys(client, reach, table, visible, 'conrelid'),
      referenced_by: await readForeignKeys(client, reach, table, visible, 'confrelid'),
      ...(sample && !table.partsClosed ? { sample: await readSample(client, table) } : {}),
    }
  })
}

async function readHead(client: PoolClient, oid: number) {
  const { rows } = await client.query<{ comment: string | null; kind: string }>(
    `select obj_description(oid, 'pg_class') as comment,
      case relkind when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table' else 'table' end as kind
    from pg_class where oid = $1`,
    [oid],
  )
  return rows[0] ?? { comment: null, kind: 'table' }
}

async function readColumns(client: PoolClient, table: KnownTable): Promise<Described['columns']> {
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

/** Indexes over expressions or with a condition may speak of any column: they are left out where one is hidden. */
async function readIndexes(client: PoolClient, oid: number, visible: ReadonlyMap<number, string>) {
  const { rows } = await client.query<{ name: string; numbers: number[]; unique: boolean; main: boolean; plain: boolean; all: number }>(
    `select c.relname as name, i.indkey::int2[] as numbers, i.indisunique as unique, i.indisprimary as main,
      i.indexprs is null and i.indpred is null as plain,
      (select count(*)::int from pg_attribute a where a.attrelid = $1 and a.attnum > 0 and not a.attisdropped) as all
    from pg_index i join pg_class c on c.oid = i.indexrelid where i.indrelid = $1 order by c.relname`,
    [oid],
  )
  const open = rows.filter(
    ({ numbers, plain, all }) => (plain || all === visible.size) && numbers.every((number) => number === 0 || visible.has(number)),
  )
  const columns = (numbers: number[]) => numbers.map((number) => visible.get(number) ?? '(expression)')
  return {
    primary_key: columns(open.find(({ main }) => main)?.numbers ?? []),
    indexes: open.map(({ name, numbers, unique }) => ({ name, columns: columns(numbers), unique })),
  }
}

interface KeyRow extends TableId {
  mine: number[]
  theirs: number[]
}

async function readForeignKeys(
  client: PoolClient,
  reach: OpenConnection,
  { oid }: KnownTable,
  visible: ReadonlyMap<number, string>,
  side: 'conrelid' | 'confrelid',
): Promise<ForeignKey[]> {
  const [mine, theirs, other] = side === 'conrelid' ? ['conkey', 'confkey', 'confrelid'] : ['confkey', 'conkey', 'conrelid']
  const { rows } = await client.query<KeyRow>(
    `select n.nspname as schema, c.relname as table, k.${mine} as mine, k.${theirs} as theirs
    from pg_constraint k join pg_class c on c.oid = k.${other} join pg_namespace n on n.oid = c.relnamespace
    where k.contype = 'f' and k.${side} = $1 and k.conparentid = 0 order by n.nspname, c.relname, k.conname`,
    [oid],
  )
  const known = await knownTables(client, reach.rules, rows)
  return rows.flatMap((row) => {
    const table = known.get(key(row))
    const columns = row.mine.map((number) => visible.get(number))
    const found = row.theirs.map((number) => table?.columns.find((column) => column.number === number && column.fate !== 'hidden')?.name)
    if (!table || !columns.every(isName) || !found.every(isName)) return []
    return [{ columns, table: `${row.schema}.${row.table}`, table_columns: found }]
  })
}

const isName = (name: string | undefined): name is string => name !== undefined

async function readSample(client: PoolClient, { schema, table, columns }: KnownTable): Promise<Cell[][]> {
  const open = columns.filter(({ fate }) => fate !== 'hidden')
  if (open.length === 0) return []
  const text = `select ${open.map(({ name }) => quoted(name)).join(', ')} from ${quoted(schema)}.${quoted(table)}`
  const { fields, rows } = await readRows(client, text, [], sampleRows)
  return rows.map((row) =>
    row.map((text, at) => (open[at]?.fate === 'masked' ? masked(text) : readCell(text, fields[at]?.dataTypeID ?? 0))),
  )
}
