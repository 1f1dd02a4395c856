import { rowAsText } from '../format/rows-as-text.ts'
import { visible } from '../format/visible.ts'
import type { Description } from './description.ts'
import type { DescribedColumn } from './read-columns.ts'

/** A description as lines, with names as a statement writes them. */
export function descriptionAsText(description: Description): string {
  const { table, sql_name = table, kind, comment, columns, columns_total, next_cursor } = description
  const { primary_key, indexes, checks, references, referenced_by, sample = [], note } = description
  return [
    visible(`${sql_name} (${kind})${comment === undefined ? '' : `: ${comment}`}`),
    ...columns.map(columnAsText),
    ...(next_cursor === null ? [] : [`${columns.length} of ${columns_total} columns; cursor ${next_cursor}`]),
    ...(primary_key.length > 0 ? [visible(`primary key (${primary_key.join(', ')})`)] : []),
    ...indexes.map((index) => visible(`index ${index}`)),
    ...checks.map((check) => visible(`check ${check}`)),
    ...references.map((key) => visible(`refers to: ${key}`)),
    ...referenced_by.map((key) => visible(`referred to by: ${key}`)),
    ...sample.map((row) => `sample: ${rowAsText(row, columns)}`),
    ...(note === undefined ? [] : [note]),
  ].join('\n')
}

export const columnAsText = (column: DescribedColumn): string =>
  visible(
    [
      `${column.sqlName} ${column.type}`,
      ...(column.nullable ? [] : ['not null']),
      ...(column.default === undefined ? [] : [`default ${column.default}`]),
      ...(column.identity === undefined ? [] : [`generated ${column.identity} as identity`]),
      ...(column.generated === undefined ? [] : [`generated as ${column.generated}`]),
      ...(column.values === undefined ? [] : [`one of: ${column.values.join(', ')}`]),
      ...(column.masked ? ['MASKED'] : []),
      ...(column.comment === undefined ? [] : [`-- ${column.comment}`]),
    ].join(' '),
  )
