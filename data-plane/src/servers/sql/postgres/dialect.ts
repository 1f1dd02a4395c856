import { openColumns } from '../guard/resolve/tables.ts'
import type { KnownTable, TableColumn } from '../guard/resolve/tables.ts'
import type { Dialect } from '../guard/rewrite/rewrite.ts'
import { quoteIdentifier } from './session/quote.ts'

const shownChars = 2
const minCharsToShowSome = 8

/**
 * Masks a value as `•••`. A value of eight characters or more keeps its last two, so that people can tell one card
 * number from another. Null stays null. Only PostgreSQL's own functions see the value.
 */
function maskedColumn(name: string): string {
  const text = `${quoteIdentifier(name)}::pg_catalog.text`
  const end = `case when pg_catalog.char_length(${text}) < ${minCharsToShowSome} then '' else pg_catalog.right(${text}, ${shownChars}) end`
  return `'•••' operator(pg_catalog.||) ${end} as ${quoteIdentifier(name)}`
}

const outputColumn = ({ name, fate }: TableColumn): string => (fate === 'masked' ? maskedColumn(name) : quoteIdentifier(name))

/** PostgreSQL's spelling of what the rewriting puts into a statement. */
export const postgresDialect: Dialect = {
  quoteName: quoteIdentifier,
  selectOpenColumns: (table: KnownTable, from: string) => `select ${openColumns(table).map(outputColumn).join(', ')} from ${from}`,
  ownSchema: 'pg_catalog',
}
