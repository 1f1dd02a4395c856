interface QueryResult {
  columns: { name: string; type: string }[]
  rows: readonly (readonly unknown[])[]
  more: boolean
  masked: readonly string[]
}

/** Rows in the fewest tokens for a model: one header line, then one line for each row. */
export function rowsAsText({ columns, rows, more, masked }: QueryResult): string {
  const header = columns.map(({ name }) => name).join(' | ')
  const count = `${rows.length} row${rows.length === 1 ? '' : 's'}${more ? ', more exist (raise limit or narrow)' : ''}`
  const notes = masked.length > 0 ? [`masked: ${masked.join(', ')}`] : []
  return [header, ...rows.map((row) => row.map(cellAsText).join(' | ')), [count, ...notes].join('; ')].join('\n')
}

/** Escapes line breaks and the separator, so that a row stays one line with the right number of cells. */
function cellAsText(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.replace(/[\n\r|\\]/g, (character) => escapes[character] ?? '')
}

const escapes: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '|': '\\|', '\\': '\\\\' }
