import type { Column } from './tables.ts'
import { asKind, asList, asText, isNode, readNames } from '../syntax/tree.ts'
import type { Node } from '../syntax/tree.ts'

/** Functions whose columns PostgreSQL names by itself. */
const fixedColumns: Readonly<Record<string, readonly string[]>> = {
  json_each: ['key', 'value'],
  jsonb_each: ['key', 'value'],
  json_each_text: ['key', 'value'],
  jsonb_each_text: ['key', 'value'],
  json_array_elements: ['value'],
  jsonb_array_elements: ['value'],
  json_array_elements_text: ['value'],
  jsonb_array_elements_text: ['value'],
}

/**
 * The columns of the functions in one item of a FROM. A name that is missing here is refused as a column that does not
 * exist, even if the function would return it.
 */
export function functionColumns(node: Node, alias: string | undefined): Column[] {
  const calls = asList(node['functions']).map((item) => asList(asKind(item, 'List')?.['items']))
  const columns = calls.flatMap(([call, definition]) =>
    columnsOf(call, [...definedColumns(node['coldeflist']), ...definedColumns(definition)], alias),
  )
  return (node['ordinality'] === true ? [...columns, 'ordinality'] : columns).map((name) => ({ name, fate: 'plain' }))
}

/** The names in `AS t(a int, b text)`, which stands after the function or inside ROWS FROM. */
function definedColumns(value: unknown): string[] {
  const definitions = isNode(value) ? asList(asKind(value, 'List')?.['items']) : asList(value)
  return definitions.flatMap((definition) => asText(asKind(definition, 'ColumnDef')?.['colname']) ?? [])
}

function columnsOf(call: unknown, definitions: readonly string[], alias: string | undefined): readonly string[] {
  if (definitions.length > 0) return definitions
  const node = asKind(call, 'FuncCall')
  const name = readNames(node?.['funcname']).at(-1) ?? ''
  if (fixedColumns[name]) return fixedColumns[name]
  const column = alias ?? name
  return name === 'unnest' ? asList(node?.['args']).map(() => column) : [column]
}
