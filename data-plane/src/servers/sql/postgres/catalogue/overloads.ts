import type { PoolClient } from 'pg'
import type { Statement } from '../../guard/guard.ts'

/**
 * True when a schema has an operator, or a function with the name of an extension's, that somebody made beside
 * PostgreSQL's and the extensions' own. With that schema in the search path, the statement could call it.
 */
export async function hasOverloads(client: PoolClient, { operators, extensionFunctions }: Statement, schema: string): Promise<boolean> {
  if (operators.size === 0 && extensionFunctions.size === 0) return false
  const { rows } = await client.query<{ found: boolean }>(overloadsQuery, [[...operators], [...extensionFunctions], schema])
  return rows[0]?.found !== false
}

/** In pg_depend, what belongs to an extension has the type `e`. */
const overloadsQuery = `
  select exists (
    select from pg_operator o join pg_namespace n on n.oid = o.oprnamespace
    where o.oprname = any($1::text[]) and n.nspname = $3 and n.nspname <> 'pg_catalog'
      and not exists (select from pg_depend d where d.classid = 'pg_operator'::regclass and d.objid = o.oid and d.deptype = 'e')
    union all
    select from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where p.proname = any($2::text[]) and n.nspname = $3 and n.nspname <> 'pg_catalog'
      and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
  ) as found`

/** Leaves only PostgreSQL's own operators in the search path. Tables and functions are named by their schemas. */
export const ownOperatorsOnly = 'set local search_path = pg_catalog, pg_temp'
