import type { ColumnFate } from '@bir/sdk/contract/tables'
import { stricterFate } from '../guard/resolve/tables.ts'
import type { KnownTable } from '../guard/resolve/tables.ts'

/** An expression of the catalogue, such as a default or the condition of an index. */
export interface Expression {
  text: string | null
  /** Attribute numbers of the columns that it reads. 0 is the row as a whole; system columns are negative. */
  uses: number[]
  /** It mentions another relation than its table, whose existence it would tell. */
  isElsewhere: boolean
}

/** SQL for `uses`: the columns that an expression in PostgreSQL's internal form (pg_node_tree) reads. */
export const usesOf = (tree: string): string =>
  `array(select distinct m[1]::int from regexp_matches(${tree}::text, ':varattno (-?\\d+)', 'g') m)`

/** SQL for `isElsewhere`. The sequence that numbers a column of the table is a part of the table. */
export const elsewhere = (catalogue: string, id: string, table: string): string =>
  `exists (select from pg_depend d where d.classid = '${catalogue}'::regclass and d.objid = ${id} and d.refclassid = 'pg_class'::regclass
    and d.refobjid <> ${table} and not exists (select from pg_depend own where own.classid = 'pg_class'::regclass
      and own.objid = d.refobjid and own.refobjid = ${table} and own.deptype in ('a', 'i')))`

/** The strictest fate of the columns that an expression reads. */
export function fateOf({ uses }: Pick<Expression, 'uses'>, { columns }: KnownTable): ColumnFate {
  const fates = uses.flatMap((number): ColumnFate[] => {
    if (number < 0) return []
    if (number === 0) return columns.map(({ fate }) => fate)
    return [columns.find((column) => column.number === number)?.fate ?? 'hidden']
  })
  return fates.reduce(stricterFate, 'plain')
}

const maxTextChars = 300

/**
 * The text of an expression if it reads open columns alone: constants beside a masked or hidden column would tell
 * values of it.
 */
export function openText(expression: Expression, table: KnownTable): string | undefined {
  const { text, isElsewhere } = expression
  if (text === null || isElsewhere || fateOf(expression, table) !== 'plain') return undefined
  const characters = Array.from(text)
  return characters.length <= maxTextChars ? text : `${characters.slice(0, maxTextChars).join('')}…`
}
