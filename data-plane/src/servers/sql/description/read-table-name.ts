import type { TableId } from '@bir/sdk/contract/tables'

const part = String.raw`("(?:[^"]|"")+"|[^".]+)`
const quotedForm = new RegExp(`^(?:${part}\\.)?${part}$`, 'u')

/**
 * The table that a name means: `table` or `schema.table`, as the database stores it or in double quotes as a statement
 * writes it. Names without quotes are taken as they are: a name that has a dot belongs in quotes.
 */
export function readTableName(text: string, defaultSchema: string): TableId {
  const parts = text.includes('"') ? quotedForm.exec(text) : null
  if (parts) return { schema: withoutQuotes(parts[1] ?? defaultSchema), table: withoutQuotes(parts[2] ?? '') }
  const dot = text.indexOf('.')
  return dot < 0 ? { schema: defaultSchema, table: text } : { schema: text.slice(0, dot), table: text.slice(dot + 1) }
}

const withoutQuotes = (name: string) => (name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name)
