interface Shown {
  columns: { name: string; type: string }[]
  rows: readonly (readonly unknown[])[]
  more: boolean
  masked: readonly string[]
}

/** A table as a model reads it at least cost: a header, then a line a row. */
export function rowsAsText({ columns, rows, more, masked }: Shown): string {
  const head = columns.map(({ name }) => name).join(' | ')
  const count = `${rows.length} row${rows.length === 1 ? '' : 's'}${more ? ', more exist (raise limit or narrow)' : ''}`
  const notes = masked.length > 0 ? [`masked: ${masked.join(', ')}`] : []
  return [head, ...rows.map((row) => row.map(cell).join(' | ')), [count, ...notes].join('; ')].join('\n')
}

/** One line a row: what would break it is written as an escape. */
function cell(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.replace(/[\n\r|\\]/g, (character) => escapes[character] ?? '')
}

const escapes: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '|': '\\|', '\\': '\\\\' }
