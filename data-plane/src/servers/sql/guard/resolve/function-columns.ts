import { refusal } from '../syntax/refusal.ts'
import { asKind, asList, asTagged, asText, isNode, readNames } from '../syntax/tree.ts'
import type { Node } from '../syntax/tree.ts'
import { outputName } from './output-name.ts'
import { shapeOf } from './shape.ts'
import type { Known } from './shape.ts'
import type { Column, Shape } from './tables.ts'

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

/** The columns of one function in FROM: named by the function, or `one` column that an alias may name. */
type FunctionColumns = { kind: 'named'; columns: Column[] } | { kind: 'one'; name: string; shape: Shape }

/**
 * The columns of the functions in one item of a FROM, exactly as PostgreSQL makes them. A call is refused when the
 * number of its columns depends on a type that the guard does not know.
 */
export function functionColumns(node: Node, alias: string | undefined, known: Known): Column[] {
  const items = asList(node['functions']).map((item) => asList(asKind(item, 'List')?.['items']))
  const calls = items.flatMap(([call, definition]) => functionsOf(call, [...asList(node['coldeflist']), ...listItems(definition)], known))
  // The alias names the column of a function that stands alone.
  const soleName = calls.length === 1 ? alias : undefined
  const columns = calls.flatMap((call) => (call.kind === 'named' ? call.columns : [{ name: soleName ?? call.name, shape: call.shape }]))
  return node['ordinality'] === true ? [...columns, { name: 'ordinality', shape: 'scalar' }] : columns
}

const listItems = (value: unknown) => asList(asKind(value, 'List')?.['items'])

function functionsOf(call: unknown, definitions: readonly unknown[], known: Known): FunctionColumns[] {
  if (definitions.length > 0) return [{ kind: 'named', columns: definitions.map(definedColumn) }]
  const node = asKind(call, 'FuncCall')
  const args = asList(node?.['args'])
  const name = readNames(node?.['funcname']).at(-1) ?? ''
  const fixedNames = Object.hasOwn(fixedColumns, name) ? fixedColumns[name] : undefined
  if (fixedNames) return [named(fixedNames)]
  // With several arguments it is a syntax of its own: one function for each of them.
  if (name === 'unnest') return args.map((arg) => unnestedColumns(arg, known))
  const shape = shapeOf(call, known)
  if (shape === 'row' || shape === 'unknown') throw unclearColumns()
  return [{ kind: 'one', name: outputName(call, known.subqueries), shape }]
}

/** A name in `AS t(a int, b text)`, which stands after the function or inside ROWS FROM. */
function definedColumn(definition: unknown): Column {
  const node = asKind(definition, 'ColumnDef')
  const isArray = isNode(node?.['typeName']) && asList(node['typeName']['arrayBounds']).length > 0
  return { name: asText(node?.['colname']) ?? '', shape: isArray ? 'scalars' : 'scalar' }
}

function unnestedColumns(arg: unknown, known: Known): FunctionColumns {
  const shape = shapeOf(arg, known)
  if (shape === 'tsvector')
    return { kind: 'named', columns: [column('lexeme'), column('positions', 'scalars'), column('weights', 'scalars')] }
  // PostgreSQL itself refuses constants and parameters without a type.
  if (shape === 'scalars' || (shape === 'scalar' && isUntyped(arg))) return { kind: 'one', name: 'unnest', shape: 'scalar' }
  throw unclearColumns()
}

const isUntyped = (value: unknown) => ['A_Const', 'ParamRef'].includes(asTagged(value)?.kind ?? '')

const column = (name: string, shape: Shape = 'scalar'): Column => ({ name, shape })
const named = (names: readonly string[]): FunctionColumns => ({ kind: 'named', columns: names.map((name) => column(name)) })

const unclearColumns = () =>
  refusal('The columns of a function in FROM are not clear.', 'Cast its argument, as in unnest(x::text[]), or call it in the select list.')
