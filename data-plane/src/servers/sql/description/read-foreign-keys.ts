import type { TableId, TableRules } from '@bir/sdk/contract/tables'
import type { PoolClient } from 'pg'
import { tableKey } from '../guard/resolve/tables.ts'
import type { KnownTable } from '../guard/resolve/tables.ts'
import { readKnownTables } from '../postgres/catalogue/known-tables.ts'

/** A foreign key between the described table and another, whose schema and name the row has. */
interface ForeignKeyRow extends TableId {
  numbers: number[]
  otherNumbers: number[]
  /** What becomes of a row when the row that it refers to is deleted (pg_constraint.confdeltype). */
  onDelete: string
}

const actions: Readonly<Record<string, string>> = { c: 'cascade', n: 'set null', d: 'set default', r: 'restrict' }

/**
 * The foreign keys of a table, or those that refer to it, such as `customer_id = public.customers(id) on delete
 * cascade`. Both sides of each are open to the person.
 */
export async function readForeignKeys(
  client: PoolClient,
  rules: TableRules,
  table: KnownTable,
  side: 'conrelid' | 'confrelid',
): Promise<string[]> {
  const [numbers, otherNumbers, otherTable] = side === 'conrelid' ? ['conkey', 'confkey', 'confrelid'] : ['confkey', 'conkey', 'conrelid']
  const { rows } = await client.query<ForeignKeyRow>(
    `select n.nspname as schema, c.relname as table, k.${numbers} as numbers, k.${otherNumbers} as "otherNumbers", k.confdeltype as "onDelete"
    from pg_constraint k join pg_class c on c.oid = k.${otherTable} join pg_namespace n on n.oid = c.relnamespace
    where k.contype = 'f' and k.${side} = $1 and k.conparentid = 0 order by n.nspname, c.relname, k.conname`,
    [table.oid],
  )
  const otherTables = await readKnownTables(client, rules, rows)
  return rows.flatMap((row) => {
    const columns = namesOf(table, row.numbers)
    const otherColumns = namesOf(otherTables.get(tableKey(row)), row.otherNumbers)
    if (!columns || !otherColumns) return []
    const action = actions[row.onDelete]
    const onDelete = action === undefined ? '' : ` on delete ${action}`
    return [`${columns.join(', ')} = ${row.schema}.${row.table}(${otherColumns.join(', ')})${onDelete}`]
  })
}

/** The names of columns. Undefined when one of them is hidden. */
function namesOf(table: KnownTable | undefined, numbers: readonly number[]): string[] | undefined {
  const names = numbers.flatMap((number) => {
    const column = table?.columns.find((candidate) => candidate.number === number)
    return column && column.fate !== 'hidden' ? [column.name] : []
  })
  return names.length === numbers.length ? names : undefined
}
