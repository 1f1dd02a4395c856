import type { PoolClient } from 'pg'
import type { ConnectionSettings } from '../../connection/settings.ts'
import type { Statement } from '../../guard/guard.ts'

/** Names of operators and functions that somebody made in a schema beside PostgreSQL's and the extensions' own. */
interface Overloads {
  names: ReadonlySet<string>
  staleAtMs: number
}

/** Looking each time would cost as much as all of the guard. Who can make operators can also copy tables. */
const freshMs = 30_000

const overloadsBySettings = new WeakMap<ConnectionSettings, Overloads>()

/**
 * True when the schema of the connection has an operator of the statement, or an extension's function that it calls,
 * made by somebody. With that schema in the search path, the statement could call it. The answer is up to half a minute
 * old.
 */
export async function hasOverloads(client: PoolClient, settings: ConnectionSettings, statement: Statement): Promise<boolean> {
  const { operators, extensionFunctions } = statement
  const { names } = await readOverloads(client, settings)
  return [...operators, ...extensionFunctions].some((name) => names.has(name))
}

async function readOverloads(client: PoolClient, settings: ConnectionSettings): Promise<Overloads> {
  const knownOverloads = overloadsBySettings.get(settings)
  if (knownOverloads && performance.now() < knownOverloads.staleAtMs) return knownOverloads
  const { rows } = await client.query<{ name: string }>(overloadsQuery, [settings.schema])
  const overloads = { names: new Set(rows.map(({ name }) => name)), staleAtMs: performance.now() + freshMs }
  overloadsBySettings.set(settings, overloads)
  return overloads
}

/** In pg_depend, what belongs to an extension has the type `e`. */
const overloadsQuery = `
  select o.oprname as name from pg_operator o join pg_namespace n on n.oid = o.oprnamespace
  where n.nspname = $1 and n.nspname <> 'pg_catalog'
    and not exists (select from pg_depend d where d.classid = 'pg_operator'::regclass and d.objid = o.oid and d.deptype = 'e')
  union
  select p.proname from pg_proc p join pg_namespace n on n.oid = p.pronamespace
  where n.nspname = $1 and n.nspname <> 'pg_catalog'
    and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')`

/** Leaves only PostgreSQL's own operators in the search path. Tables and functions are named by their schemas. */
export const ownOperatorsOnly = 'set local search_path = pg_catalog, pg_temp'
