import { columnFate, isDenied, mayRead } from '@bir/sdk/contract/tables'
import type { TableId, TableRules } from '@bir/sdk/contract/tables'
import type { PoolClient } from 'pg'
import { stricterFate, tableKey } from '../../guard/resolve/tables.ts'
import type { KnownTable } from '../../guard/resolve/tables.ts'
import { closeGeneratedColumns } from './generated-columns.ts'
import { isGroupableType, shapeOfType } from './type-shapes.ts'
import { viewColumnFates } from './view-columns.ts'

interface TableRow {
  oid: number
  schema: string
  table: string
  kind: string
  hasRowSecurity: boolean
  /** Attribute number, name, whether the gateway's role may read the column, and the id of its type. */
  columns: [number, string, boolean, number][]
  primaryKey: number[]
  /** Some of its columns are generated from others. */
  hasGenerated: boolean
  /** Schema and name of each table it is a partition of or inherits from, at any distance. */
  ancestors: [string, string][]
  /** Its partitions and the tables that inherit from it, at any depth. */
  parts: [string, string][]
  underlying: [string, string][]
}

/**
 * Runs in the transaction of each statement and is not cached, so that the guard sees the tables as the statement
 * will.
 */
const tablesQuery = `
  with recursive candidate as (
    select c.oid, n.nspname, c.relname, c.relkind, c.relrowsecurity
    from unnest($1::text[], $2::text[]) as requested(schema_name, table_name)
    join pg_namespace n on n.nspname = requested.schema_name
    join pg_class c on c.relnamespace = n.oid and c.relname = requested.table_name
    where c.relkind in ('r', 'p', 'v', 'm', 'f') and has_any_column_privilege(c.oid, 'select')
  ), ancestor(root, oid) as (
    select oid, oid from candidate
    union select ancestor.root, i.inhparent from ancestor join pg_inherits i on i.inhrelid = ancestor.oid
  ), part(root, oid) as (
    select oid, oid from candidate
    union select part.root, i.inhrelid from part join pg_inherits i on i.inhparent = part.oid
  ), underlying(root, oid) as (
    select oid, oid from candidate
    union select underlying.root, next.oid from underlying cross join lateral (
      select i.inhrelid as oid from pg_inherits i where i.inhparent = underlying.oid
      union all
      select d.refobjid from pg_rewrite r
      join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid and d.refclassid = 'pg_class'::regclass
      where r.ev_class = underlying.oid
    ) next
  )
  select t.oid::int8::text::float8 as oid, t.nspname as schema, t.relname as table, t.relkind as kind,
    t.relrowsecurity as "hasRowSecurity",
    (select coalesce(json_agg(json_build_array(a.attnum, a.attname, has_column_privilege(t.oid, a.attnum, 'select'), a.atttypid::int8)
        order by a.attnum), '[]')
      from pg_attribute a where a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped) as columns,
    exists (select from pg_attribute a where a.attrelid = t.oid and a.attgenerated <> '') as "hasGenerated",
    coalesce((select i.indkey::int2[] from pg_index i where i.indrelid = t.oid and i.indisprimary and i.indimmediate), '{}') as "primaryKey",
    (select coalesce(json_agg(json_build_array(n.nspname, c.relname)), '[]') from ancestor
      join pg_class c on c.oid = ancestor.oid join pg_namespace n on n.oid = c.relnamespace where ancestor.root = t.oid and ancestor.oid <> t.oid) as ancestors,
    (select coalesce(json_agg(json_build_array(n.nspname, c.relname)), '[]') from part
      join pg_class c on c.oid = part.oid join pg_namespace n on n.oid = c.relnamespace where part.root = t.oid and part.oid <> t.oid) as parts,
    (select coalesce(json_agg(json_build_array(n.nspname, c.relname)), '[]') from underlying
      join pg_class c on c.oid = underlying.oid join pg_namespace n on n.oid = c.relnamespace where underlying.root = t.oid) as underlying
  from candidate t`

/** Reads those of the tables that the person may read, by `tableKey`. System catalogues are never among them. */
export async function readKnownTables(client: PoolClient, rules: TableRules, ids: readonly TableId[]): Promise<Map<string, KnownTable>> {
  const allowedIds = ids.filter((id) => !isSystem(id.schema) && mayRead(rules, id))
  if (allowedIds.length === 0) return new Map()
  const { rows } = await client.query<TableRow>(tablesQuery, [allowedIds.map(({ schema }) => schema), allowedIds.map(({ table }) => table)])
  const readableRows = rows.filter(({ ancestors }) => !ancestors.some((name) => isDenied(rules, toId(name))))
  const tables = new Map<string, KnownTable>()
  for (const row of readableRows) {
    const table = await followOrigins(client, rules, row, toKnownTable(row, rules))
    tables.set(tableKey(row), row.hasGenerated ? await closeGenerated(client, table) : table)
  }
  return tables
}

async function closeGenerated(client: PoolClient, table: KnownTable): Promise<KnownTable> {
  const fates = await closeGeneratedColumns(client, table.oid, new Map(table.columns.map(({ number, fate }) => [number, fate])))
  return { ...table, columns: table.columns.map((column) => ({ ...column, fate: fates.get(column.number) ?? 'hidden' })) }
}

/** Closes the columns of a view that come from closed ones. */
async function followOrigins(client: PoolClient, rules: TableRules, row: TableRow, table: KnownTable): Promise<KnownTable> {
  const closesAnything = rules.deny.length > 0 || Object.keys(rules.hide).length > 0 || Object.keys(rules.mask).length > 0
  if (!['v', 'm'].includes(row.kind) || !closesAnything) return table
  const fates = await viewColumnFates(client, rules, table.oid)
  const columns = table.columns.map((column) => ({ ...column, fate: stricterFate(column.fate, fates.get(column.number) ?? 'hidden') }))
  return { ...table, columns }
}

const isSystem = (schema: string): boolean => schema === 'information_schema' || schema.startsWith('pg_')

const toId = ([schema, table]: [string, string]): TableId => ({ schema, table })

/** The fate of a column is the strictest that any rule of the table, its ancestors or its parts gives it. */
function toKnownTable(row: TableRow, rules: TableRules): KnownTable {
  const { oid, schema, table, kind, hasRowSecurity, primaryKey, ancestors, parts } = row
  const family = [{ schema, table }, ...[...ancestors, ...parts].map(toId)]
  const strictestFate = (column: string) => family.map((id) => columnFate(rules, id, column)).reduce(stricterFate)
  return {
    oid,
    schema,
    table,
    isView: kind === 'v',
    isPartitioned: kind === 'p',
    hasRowSecurity,
    primaryKey,
    columns: row.columns.map(([number, name, isGranted, type]) => ({
      number,
      name,
      fate: isGranted ? strictestFate(name) : 'hidden',
      shape: shapeOfType(type),
      isGroupable: isGroupableType(type),
    })),
    // A deny on a table counts for its parts too. A deny on a part closes the rows of that part in the whole table.
    hasClosedParts: parts.some((name) => isDenied(rules, toId(name))),
    underlyingTables: row.underlying.map(([schema, table]) => `${schema}.${table}`),
  }
}
