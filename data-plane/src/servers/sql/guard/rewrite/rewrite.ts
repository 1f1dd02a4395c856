import type { Span } from '../parser/places.ts'
import type { GroupKey, References, TableReference } from '../resolve/references.ts'
import { hasClosedColumns } from '../resolve/tables.ts'
import type { KnownTable } from '../resolve/tables.ts'
import { editText } from './edit-text.ts'
import type { Edit, EditedText } from './edit-text.ts'

/** How a database spells what the rewriting puts into a statement. */
export interface Dialect {
  quoteName(name: string): string
  /**
   * A SELECT of the open columns of a table, with the masks computed in it. `from` is the table as it stands in the
   * FROM.
   */
  selectOpenColumns(table: KnownTable, from: string): string
  /** The schema of the database's own functions. */
  ownSchema: string
}

/**
 * Makes the text that is sent to the database out of the text a person wrote. A table with hidden or masked columns is
 * replaced by a subquery that has only the open columns, so nothing in the statement can reach a closed one, whatever
 * the guard thinks of its names. Every other table gets its schema, and so do the database's own functions: no other
 * table or function of the same name can take their place.
 */
export function rewrite(text: string, references: References, bareFunctions: readonly Span[], dialect: Dialect): EditedText {
  const edits: Edit[] = [
    ...references.tables.flatMap((reference) => tableEdits(reference, text, dialect)),
    ...references.qualifiedColumns.map(({ start, afterFirstPart }) => ({ start, end: afterFirstPart ?? start, text: '' })),
    ...references.groupKeys.map((key) => groupKeyEdit(key, dialect)),
    ...bareFunctions.map(({ start }) => ({ start, end: start, text: `${dialect.ownSchema}.` })),
  ]
  return editText(text, edits)
}

function tableEdits({ place, table, hasAlias, isOnly, sample }: TableReference, text: string, dialect: Dialect): Edit[] {
  const name = `${dialect.quoteName(table.schema)}.${dialect.quoteName(table.table)}`
  const from = isOnly ? `only ${name}` : name
  const command = place.isTableCommand ? 'select * from ' : ''
  const span = { start: place.start, end: place.end }
  if (!hasClosedColumns(table)) return [{ ...span, text: `${command}${from}` }]
  const sampledFrom = sample ? `${from} ${Buffer.from(text).toString('utf8', sample.start, sample.end)}` : from
  const alias = hasAlias ? '' : ` as ${dialect.quoteName(table.table)}`
  return [
    { ...span, text: `${command}(${dialect.selectOpenColumns(table, sampledFrom)})${alias}` },
    ...(sample ? [{ ...sample, text: '' }] : []),
  ]
}

function groupKeyEdit({ place, relation, columns }: GroupKey, { quoteName }: Dialect): Edit {
  const names = columns.map((column) => `${quoteName(relation)}.${quoteName(column)}, `)
  return { start: place.start, end: place.start, text: names.join('') }
}
