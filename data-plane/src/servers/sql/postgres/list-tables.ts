import { mayRead } from '@bir/sdk/contract/tables'
import type { TableRules } from '@bir/sdk/contract/tables'
import type { PoolClient } from 'pg'
import { tableKey } from '../guard/resolve/tables.ts'
import type { OpenConnection } from '../connection/open-connection.ts'
import { readKnownTables } from './known-tables.ts'
import { inReadOnlyTransaction } from './transaction.ts'

export interface ListedTable {
  schema: string
  name: string
  kind: string
  rows: number
  comment: string | null
  inherits: boolean
}

const tablesQuery = `
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
  connection: OpenConnection,
  { schema, query }: { schema?: string | undefined; query?: string | undefined },
): Promise<ListedTable[]> {
  return inReadOnlyTransaction(connection, async (client) => {
    const { rows } = await client.query<ListedTable>(tablesQuery, [schema ?? null, query ?? null])
    const allowedTables = rows.filter(({ schema, name }) => mayRead(connection.rules, { schema, table: name }))
    return omitDeniedParts(client, connection.rules, allowedTables)
  })
}

/** Leaves out the parts of tables that are denied as a whole, because reading such a part would be refused. */
async function omitDeniedParts(client: PoolClient, rules: TableRules, tables: ListedTable[]): Promise<ListedTable[]> {
  const parts = tables.filter(({ inherits }) => inherits)
  if (parts.length === 0 || rules.deny.length === 0) return tables
  const ids = parts.map(({ schema, name }) => ({ schema, table: name }))
  const knownParts = await readKnownTables(client, rules, ids)
  return tables.filter(({ schema, name, inherits }) => !inherits || knownParts.has(tableKey({ schema, table: name })))
}
