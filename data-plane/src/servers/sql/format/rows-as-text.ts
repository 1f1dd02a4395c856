import { visible } from './visible.ts'

interface QueryResult {
  columns: readonly { name: string; type: string }[]
  rows: readonly (readonly unknown[])[]
  more: boolean
  masked: readonly string[]
  note?: string | undefined
}

/** Rows in the fewest tokens for a model: one header line, then one line for each row. */
export function rowsAsText({ columns, rows, more, masked, note }: QueryResult): string {
  const header = columns.map(({ name }) => escaped(name)).join(' | ')
  const lines = rows.map((row) => rowAsText(row, columns))
  const count = `${rows.length} row${rows.length === 1 ? '' : 's'}`
  const rest = note ?? (more ? 'more exist (raise limit or narrow)' : undefined)
  const isMasked = masked.length > 0 ? [`masked: ${masked.map(escaped).join(', ')}`] : []
  return [header, ...lines, [[count, ...(rest === undefined ? [] : [rest])].join(', '), ...isMasked].join('; ')].join('\n')
}

/**
 * A row as one line with the right number of cells, in which nothing is hidden. NULL is the absence of a value. A text
 * that could be read as something else than this text is in double quotes.
 */
export const rowAsText = (row: readonly unknown[], columns: readonly { type: string }[]): string =>
  row.map((cell, at) => cellAsText(cell, columns[at]?.type ?? '')).join(' | ')

function cellAsText(cell: unknown, type: string): string {
  if (cell === null) return 'NULL'
  if (typeof cell !== 'string') return JSON.stringify(cell)
  if (type === 'bytea') return cell
  return isAmbiguous(cell) && !ownForms.has(type) ? `"${escaped(cell).replaceAll('"', '\\"')}"` : escaped(cell)
}

/** Types whose text is not a text: what looks like a word or a quote in it is of the type itself. */
const ownForms: ReadonlySet<string> = new Set(['json', 'jsonb'])

const isAmbiguous = (text: string) => text === '' || /^(null|true|false|\\x[\da-f]*|<\d+ bytes>)$|^["\s]|\s$/i.test(text)

/** Line breaks, the separator and what nobody sees become escapes. */
const escaped = (text: string) => visible(text.replace(/[|\\]/g, '\\$&'))
