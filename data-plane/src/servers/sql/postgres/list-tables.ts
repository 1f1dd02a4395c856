import { mayRead } from '@bir/sdk/contract/tables'
import type { TableRules } from '@bir/sdk/contract/tables'
import type { PoolClient } from 'pg'
import { key } from '../guard/resolve/tables.ts'
import type { OpenConnection } from '../connection/open-connection.ts'
import { knownTables } from './known-tables.ts'
import { reading } from './transaction.ts'

export interface ListedTable {
  schema: string
  name: string
  kind: string
  rows: number
  comment: string | null
  inherits: boolean
}

const all = `
  select n.nspname as schema, c.relname as name,
    case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table' else 'table' end as kind,
    greatest(c.reltuples, 0)::float8 as rows, left(obj_description(c.oid, 'pg_class'), 200) as comment,
    exists (select from pg_inherits i where i.inhrelid = c.oid) as inherits
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition
    and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
    and has_any_column_privilege(c.oid, 'select')
    and ($1::text is null or n.nspname = $1)
    and ($2::text is null or position(lower($2) in lower(c.relname || ' ' || coalesce(obj_description(c.oid, 'pg_class'), ''))) > 0)
  order by n.nspname collate "C", c.relname collate "C"`

/** The tables and views the person may read, in the order of their names. */
export function listTables(
  reach: OpenConnection,
  { schema, query }: { schema?: string | undefined; query?: string | undefined },
): Promise<ListedTable[]> {
  return reading(reach, async (client) => {
    const { rows } = await client.query<ListedTable>(all, [schema ?? null, query ?? null])
    const open = rows.filter(({ schema, name }) => mayRead(reach.rules, { schema, table: name }))
    return readable(client, reach.rules, open)
  })
}

/** Leaves out parts of what is denied as a whole: listing asks what reading would. */
async function readable(client: PoolClient, rules: TableRules, tables: ListedTable[]): Promise<ListedTable[]> {
  const parts = tables.filter(({ inherits }) => inherits)
  if (parts.length === 0 || rules.deny.length === 0) return tables
  const ids = parts.map(({ schema, name }) => ({ schema, table: name }))
  const known = await knownTables(client, rules, ids)
  return tables.filter(({ schema, name, inherits }) => !inherits || known.has(key({ schema, table: name })))
}
