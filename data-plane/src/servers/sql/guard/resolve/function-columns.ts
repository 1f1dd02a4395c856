import type { Column } from './tables.ts'
import { asKind, isNode, list, names, text } from '../syntax/tree.ts'
import type { Node } from '../syntax/tree.ts'

/** Functions whose columns have names of their own. */
const named: Readonly<Record<string, readonly string[]>> = {
  json_each: ['key', 'value'],
  jsonb_each: ['key', 'value'],
  json_each_text: ['key', 'value'],
  jsonb_each_text: ['key', 'value'],
  json_array_elements: ['value'],
  jsonb_array_elements: ['value'],
  json_array_elements_text: ['value'],
  jsonb_array_elements_text: ['value'],
}

/** The columns of functions in FROM. A column that is not among them does not exist, however the function may see it. */
export function functionColumns(node: Node, alias: string | undefined): Column[] {
  const calls = list(node['functions']).map((item) => list(asKind(item, 'List')?.['items']))
  const columns = calls.flatMap(([call, definition]) =>
    columnsOf(call, [...definitions(node['coldeflist']), ...definitions(definition)], alias),
  )
  return (node['ordinality'] === true ? [...columns, 'ordinality'] : columns).map((name) => ({ name, fate: 'plain' }))
}

/** `AS t(a int, b text)`, on the function or within ROWS FROM. */
function definitions(value: unknown): string[] {
  const defined = isNode(value) ? list(asKind(value, 'List')?.['items']) : list(value)
  return defined.flatMap((each) => text(asKind(each, 'ColumnDef')?.['colname']) ?? [])
}

function columnsOf(call: unknown, defined: readonly string[], alias: string | undefined): readonly string[] {
  if (defined.length > 0) return defined
  const node = asKind(call, 'FuncCall')
  const name = names(node?.['funcname']).at(-1) ?? ''
  if (named[name]) return named[name]
  const column = alias ?? name
  return name === 'unnest' ? list(node?.['args']).map(() => column) : [column]
}
