import { columnFate, mayRead } from '@bir/sdk/contract/tables'
import type { TableId, TableRules } from '@bir/sdk/contract/tables'
import type { PoolClient } from 'pg'
import { key, stricter } from '../guard/resolve/tables.ts'
import type { KnownTable } from '../guard/resolve/tables.ts'

interface Row {
  oid: number
  schema: string
  table: string
  kind: string
  policed: boolean
  /** attribute number, name, readable by the gateway's role */
  columns: [number, string, boolean][]
  above: [string, string][]
  below: [string, string][]
  reaches: [string, string][]
}

/** Asked anew for every statement, in its own transaction: what the guard knows is what the statement will meet. */
const lookUp = `
  with recursive wanted as (
    select c.oid, n.nspname, c.relname, c.relkind, c.relrowsecurity
    from unnest($1::text[], $2::text[]) as asked(s, t)
    join pg_namespace n on n.nspname = asked.s
    join pg_class c on c.relnamespace = n.oid and c.relname = asked.t
    where c.relkind in ('r', 'p', 'v', 'm', 'f') and has_any_column_privilege(c.oid, 'select')
  ), up(root, oid) as (
    select oid, oid from wanted
    union select up.root, i.inhparent from up join pg_inherits i on i.inhrelid = up.oid
  ), down(root, oid) as (
    select oid, oid from wanted
    union select down.root, i.inhrelid from down join pg_inherits i on i.inhparent = down.oid
  ), reach(root, oid) as (
    select oid, oid from wanted
    union select reach.root, next.oid from reach cross join lateral (
      select i.inhrelid as oid from pg_inherits i where i.inhparent = reach.oid
      union all
      select d.refobjid from pg_rewrite r
      join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid and d.refclassid = 'pg_class'::regclass
      where r.ev_class = reach.oid
    ) next
  )
  select w.oid::int8::text::float8 as oid, w.nspname as schema, w.relname as table, w.relkind as kind,
    w.relrowsecurity as policed,
    (select coalesce(json_agg(json_build_array(a.attnum, a.attname, has_column_privilege(w.oid, a.attnum, 'select')) order by a.attnum), '[]')
      from pg_attribute a where a.attrelid = w.oid and a.attnum > 0 and not a.attisdropped) as columns,
    (select coalesce(json_agg(json_build_array(n.nspname, c.relname)), '[]') from up
      join pg_class c on c.oid = up.oid join pg_namespace n on n.oid = c.relnamespace where up.root = w.oid and up.oid <> w.oid) as above,
    (select coalesce(json_agg(json_build_array(n.nspname, c.relname)), '[]') from down
      join pg_class c on c.oid = down.oid join pg_namespace n on n.oid = c.relnamespace where down.root = w.oid and down.oid <> w.oid) as below,
    (select coalesce(json_agg(json_build_array(n.nspname, c.relname)), '[]') from reach
      join pg_class c on c.oid = reach.oid join pg_namespace n on n.oid = c.relnamespace where reach.root = w.oid) as reaches
  from wanted w`

/** The readable ones among the tables asked for, by `key`. System catalogues are never among them. */
export async function knownTables(client: PoolClient, rules: TableRules, asked: readonly TableId[]): Promise<Map<string, KnownTable>> {
  const open = asked.filter((id) => !isSystem(id.schema) && mayRead(rules, id))
  if (open.length === 0) return new Map()
  const { rows } = await client.query<Row>(lookUp, [open.map(({ schema }) => schema), open.map(({ table }) => table)])
  const readable = rows.filter(({ above }) => !above.some((id) => isDenied(rules, id)))
  return new Map(readable.map((row) => [key(row), known(row, rules)]))
}

const isSystem = (schema: string): boolean => schema === 'information_schema' || schema.startsWith('pg_')

/** A deny on a table holds for the rows of its parts, and the rows of a closed part are closed in the whole. */
const isDenied = ({ deny }: TableRules, [schema, table]: [string, string]) =>
  !mayRead({ allow: ['*.*'], deny, hide: {}, mask: {} }, { schema, table })

function known(row: Row, rules: TableRules): KnownTable {
  const { oid, schema, table, kind, policed, above, below } = row
  const family = [[schema, table] as [string, string], ...above, ...below].map(([schema, table]) => ({ schema, table }))
  const fate = (column: string) => family.map((id) => columnFate(rules, id, column)).reduce(stricter)
  return {
    oid,
    schema,
    table,
    view: kind === 'v',
    policed,
    columns: row.columns.map(([number, name, granted]) => ({ number, name, fate: granted ? fate(name) : 'hidden' })),
    partsClosed: below.some((id) => isDenied(rules, id)),
    reaches: row.reaches.map(([schema, table]) => `${schema}.${table}`),
  }
}
