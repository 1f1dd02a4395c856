import type { PoolClient } from 'pg'
import type { KnownTable } from '../guard/resolve/tables.ts'
import { elsewhere, fateOf, openText, usesOf } from './uses.ts'

interface IndexRow {
  name: string
  method: string
  isUnique: boolean
  isPrimary: boolean
  /** Columns of its key, in order, then those that it only carries. 0 stands for an expression. */
  numbers: number[]
  /** Of each column of the key: bit 0 descending, bit 1 nulls first. */
  options: number[]
  /** The text of each column or expression of the key. */
  keys: string[]
  included: string[]
  expressionUses: number[]
  conditionUses: number[]
  condition: string | null
  isElsewhere: boolean
}

const indexesQuery = `
  select c.relname as name, am.amname as method, i.indisunique as "isUnique", i.indisprimary as "isPrimary",
    i.indkey::int2[] as numbers, i.indoption::int2[] as options,
    array(select pg_get_indexdef(i.indexrelid, n, true) from generate_series(1, i.indnkeyatts::int) n) as keys,
    array(select pg_get_indexdef(i.indexrelid, n, true) from generate_series(i.indnkeyatts + 1, i.indnatts::int) n) as included,
    ${usesOf('i.indexprs')} as "expressionUses", ${usesOf('i.indpred')} as "conditionUses",
    pg_get_expr(i.indpred, i.indrelid, true) as condition, ${elsewhere('pg_class', 'i.indexrelid', 'i.indrelid')} as "isElsewhere"
  from pg_index i join pg_class c on c.oid = i.indexrelid join pg_am am on am.oid = c.relam
  where i.indrelid = $1 and i.indislive and i.indisvalid order by c.relname`

export interface Indexes {
  primary_key: string[]
  indexes: string[]
}

/**
 * Primary key and indexes, such as `unique one_open (account_id) include (price) where closed is null`. An index that
 * reads a hidden column is not told; of an expression or condition that reads a masked one, only that it is there.
 */
export async function readIndexes(client: PoolClient, table: KnownTable): Promise<Indexes> {
  const { rows } = await client.query<IndexRow>(indexesQuery, [table.oid])
  const visibleRows = rows.filter((row) => fateOf({ uses: columnsOf(row) }, table) !== 'hidden')
  const primary = visibleRows.find(({ isPrimary }) => isPrimary)
  const nameOf = (number: number) => table.columns.find((column) => column.number === number)?.name ?? ''
  return {
    primary_key: primary?.numbers.slice(0, primary.keys.length).map(nameOf) ?? [],
    indexes: visibleRows.map((row) => indexAsText(row, table)),
  }
}

const columnsOf = ({ numbers, expressionUses, conditionUses }: IndexRow) => [
  ...numbers.filter((number) => number !== 0),
  ...expressionUses,
  ...conditionUses,
]

function indexAsText(row: IndexRow, table: KnownTable): string {
  const { name, method, isUnique, isElsewhere, keys, included, condition } = row
  const told = (text: string | null, uses: number[]) => openText({ text, uses, isElsewhere }, table)
  const keyTexts = keys.map((key, at) => {
    const text = row.numbers[at] === 0 ? (told(key, row.expressionUses) ?? '(expression)') : key
    return `${text}${orderOf(row.options[at] ?? 0)}`
  })
  return [
    ...(isUnique ? ['unique'] : []),
    name,
    ...(method === 'btree' ? [] : [`using ${method}`]),
    `(${keyTexts.join(', ')})`,
    ...(included.length > 0 ? [`include (${included.join(', ')})`] : []),
    ...(condition === null ? [] : [`where ${told(condition, row.conditionUses) ?? '(a condition that is not shown)'}`]),
  ].join(' ')
}

/** Nulls are last when ascending and first when descending, unless the index says otherwise. */
function orderOf(options: number): string {
  const [isDescending, nullsFirst] = [(options & 1) !== 0, (options & 2) !== 0]
  const nulls = isDescending === nullsFirst ? '' : nullsFirst ? ' nulls first' : ' nulls last'
  return `${isDescending ? ' desc' : ''}${nulls}`
}
