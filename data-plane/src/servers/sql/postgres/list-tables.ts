import { mayRead } from '@bir/sdk/contract/tables'
import type { TableRules } from '@bir/sdk/contract/tables'
import type { PoolClient } from 'pg'
import { tableKey } from '../guard/resolve/tables.ts'
import type { OpenConnection } from '../connection/open-connection.ts'
import { comparePlaces } from '../format/page.ts'
import { readKnownTables } from './catalogue/known-tables.ts'
import { inReadOnlyTransaction } from './session/transaction.ts'

export interface ListedTable {
  schema: string
  name: string
  /** The name as a statement writes it: in double quotes where PostgreSQL needs them. */
  sqlName: string
  kind: string
  /** An estimate. Null when it is not known: of a view, or when the table was never analysed. */
  rows: number | null
  comment: string | null
  inherits: boolean
  isPartitioned: boolean
}

/**
 * `reltuples` is -1 before the first ANALYZE (PostgreSQL 14 and later; 0 without pages before). No autovacuum analyses
 * a partitioned table: its rows are those of its partitions, if all of these are known.
 */
const tablesQuery = `
  with recursive part(root, oid) as (
    select oid, oid from pg_class where relkind = 'p' and not relispartition
    union all select part.root, i.inhrelid from part join pg_inherits i on i.inhparent = part.oid
  ), estimate as (
    select oid, case when reltuples > 0 or (reltuples = 0 and (relpages > 0 or current_setting('server_version_num')::int >= 140000))
      then reltuples::float8 end as rows
    from pg_class where relkind in ('r', 'p', 'm', 'f')
  ), total as (
    select part.root as oid, case when bool_and(e.rows is not null) then sum(e.rows) end as rows
    from part join pg_class c on c.oid = part.oid and c.relkind <> 'p' left join estimate e on e.oid = part.oid group by part.root
  )
  select n.nspname as schema, c.relname as name, quote_ident(n.nspname) || '.' || quote_ident(c.relname) as "sqlName",
    case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table' else 'table' end as kind,
    case c.relkind when 'p' then total.rows else e.rows end as rows, left(obj_description(c.oid, 'pg_class'), 200) as comment,
    exists (select from pg_inherits i where i.inhrelid = c.oid) as inherits, c.relkind = 'p' as "isPartitioned"
  from pg_class c join pg_namespace n on n.oid = c.relnamespace left join estimate e on e.oid = c.oid left join total on total.oid = c.oid
  where c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition
    and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
    and has_any_column_privilege(c.oid, 'select')
    and ($1::text is null or n.nspname = $1)
    and ($2::text is null or position(lower($2) in lower(c.relname || ' ' || coalesce(obj_description(c.oid, 'pg_class'), ''))) > 0)`

export const placeOf = ({ schema, name }: Pick<ListedTable, 'schema' | 'name'>) => [schema, name] as const

/** The tables and views the person may read, in the order of schema and name. */
export function listTables(
  connection: OpenConnection,
  { schema, query }: { schema?: string | undefined; query?: string | undefined },
): Promise<ListedTable[]> {
  return inReadOnlyTransaction(connection, async (client) => {
    const { rows } = await client.query<ListedTable>(tablesQuery, [schema ?? null, query ?? null])
    const allowedTables = rows.filter(({ schema, name }) => mayRead(connection.rules, { schema, table: name }))
    const tables = await withoutDeniedParts(client, connection.rules, allowedTables)
    return tables.toSorted((a, b) => comparePlaces(placeOf(a), placeOf(b)))
  })
}

/**
 * Leaves out the parts of tables that are denied as a whole, because reading such a part would be refused. A table with
 * a part that is denied does not tell its rows, which would count those of the part.
 */
async function withoutDeniedParts(client: PoolClient, rules: TableRules, tables: ListedTable[]): Promise<ListedTable[]> {
  const relatives = tables.filter(({ inherits, isPartitioned }) => inherits || isPartitioned)
  if (relatives.length === 0 || rules.deny.length === 0) return tables
  const ids = relatives.map(({ schema, name }) => ({ schema, table: name }))
  const knownTables = await readKnownTables(client, rules, ids)
  return tables.flatMap((table) => {
    const known = knownTables.get(tableKey({ schema: table.schema, table: table.name }))
    if (!known) return table.inherits ? [] : [table.isPartitioned ? { ...table, rows: null } : table]
    return [known.hasClosedParts && table.isPartitioned ? { ...table, rows: null } : table]
  })
}
