import type { ColumnFate } from '@bir/sdk/contract/tables'
import type { PoolClient } from 'pg'

/** A generated column and the columns of its table that it is computed from. */
interface GeneratedColumn {
  number: number
  sources: number[]
}

/**
 * A generated column that is computed from a hidden or masked one is hidden: it would tell the value. Returns the fates
 * with these columns closed.
 */
export async function closeGeneratedColumns(
  client: PoolClient,
  oid: number,
  fates: ReadonlyMap<number, ColumnFate>,
): Promise<Map<number, ColumnFate>> {
  const closedFates = new Map(fates)
  const isClosed = (number: number) => (closedFates.get(number) ?? 'plain') !== 'plain'
  if (![...fates.keys()].some(isClosed)) return closedFates
  const { rows } = await client.query<GeneratedColumn>(generatedQuery, [oid])
  for (const { number, sources } of rows) if (sources.some(isClosed)) closedFates.set(number, 'hidden')
  return closedFates
}

/** PostgreSQL records what a generated column needs with its default or, in some versions, with the column itself. */
const generatedQuery = `
  select a.attnum as number, array_agg(distinct d.refobjsubid::int) as sources
  from pg_attribute a
  join pg_attrdef f on f.adrelid = a.attrelid and f.adnum = a.attnum
  join pg_depend d on d.refclassid = 'pg_class'::regclass and d.refobjid = a.attrelid and d.refobjsubid > 0 and d.refobjsubid <> a.attnum
    and (d.classid = 'pg_attrdef'::regclass and d.objid = f.oid
      or d.classid = 'pg_class'::regclass and d.objid = a.attrelid and d.objsubid = a.attnum)
  where a.attrelid = $1 and a.attgenerated <> ''
  group by a.attnum`
