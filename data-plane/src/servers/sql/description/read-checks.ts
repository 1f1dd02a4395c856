import type { PoolClient } from 'pg'
import type { KnownTable } from '../guard/resolve/tables.ts'
import { elsewhere, openText, usesOf } from './uses.ts'
import type { Expression } from './uses.ts'

const checksQuery = `
  select k.conname as name, pg_get_expr(k.conbin, k.conrelid, true) as text, ${usesOf('k.conbin')} as uses,
    ${elsewhere('pg_constraint', 'k.oid', 'k.conrelid')} as "isElsewhere"
  from pg_constraint k where k.conrelid = $1 and k.contype = 'c' order by k.conname`

/** The CHECK constraints that are about open columns alone, such as `amount_positive: amount > 0`. */
export async function readChecks(client: PoolClient, table: KnownTable): Promise<string[]> {
  const { rows } = await client.query<Expression & { name: string }>(checksQuery, [table.oid])
  return rows.flatMap((row) => {
    const text = openText(row, table)
    return text === undefined ? [] : [`${row.name}: ${text}`]
  })
}
