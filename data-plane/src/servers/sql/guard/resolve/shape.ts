import { asKind, asList, asTagged, readNames } from '../syntax/tree.ts'
import type { Node } from '../syntax/tree.ts'
import { findReference } from './scope.ts'
import type { Level } from './scope.ts'
import type { Column, Shape } from './tables.ts'

/** What is known about the names in an expression. */
export interface Known {
  level: Level | undefined
  subqueries: ReadonlyMap<Node, readonly Column[]>
}

/** Functions whose result is an array of single values, whatever their arguments are. */
const arrayFunctions = new Set('string_to_array regexp_match regexp_matches regexp_split_to_array array_positions'.split(' '))
/** Functions that return a value of the type of their first argument. */
const passingFunctions = new Set(
  `any_value min max mode lag lead first_value last_value nth_value array_append array_cat array_remove array_replace
   percentile_disc`.split(/\s+/),
)

/**
 * What the value of an expression is made of. It follows the types only as far as the number of columns of a function
 * in FROM depends on them; where it does not know, it says `unknown`.
 */
export function shapeOf(value: unknown, known: Known): Shape {
  const tagged = asTagged(value)
  return tagged ? (shapes[tagged.kind] ?? scalar)(tagged.node, known) : 'unknown'
}

const scalar = (): Shape => 'scalar'
const arrayOf: Readonly<Record<Shape, Shape>> = {
  scalar: 'scalars',
  scalars: 'scalars',
  tsvector: 'scalars',
  row: 'rows',
  rows: 'rows',
  unknown: 'unknown',
}

/** The shape of each kind of expression that is not always a single value. */
const shapes: Readonly<Record<string, (node: Node, known: Known) => Shape>> = {
  TypeCast: ({ typeName }) => typeShape(typeName as Node | undefined),
  ColumnRef: columnShape,
  FuncCall: functionShape,
  CoalesceExpr: ({ args }, known) => commonShape(asList(args), known),
  MinMaxExpr: ({ args }, known) => commonShape(asList(args), known),
  CaseExpr: ({ args, defresult }, known) =>
    commonShape(
      [...asList(args).map((arm) => asKind(arm, 'CaseWhen')?.['result']), ...(defresult === undefined ? [] : [defresult])],
      known,
    ),
  A_Expr: operatorShape,
  A_ArrayExpr: ({ elements }, known) => arrayOf[commonShape(asList(elements), known)],
  A_Indirection: ({ arg, indirection }, known) => subscriptShape(shapeOf(arg, known), asList(indirection)),
  CollateClause: ({ arg }, known) => shapeOf(arg, known),
  RowExpr: () => 'row',
  SubLink: subqueryShape,
}

function typeShape(type: Node | undefined): Shape {
  if (asList(type?.['arrayBounds']).length > 0) return 'scalars'
  return readNames(type?.['names']).at(-1) === 'tsvector' ? 'tsvector' : 'scalar'
}

function columnShape({ fields }: Node, { level }: Known): Shape {
  const path = readNames(fields)
  if (path.includes(undefined)) return 'row'
  const reference = findReference(path.map(String), level)
  if (!reference) return 'unknown'
  return reference.kind === 'row' ? 'row' : reference.column.shape
}

function functionShape({ funcname, args }: Node, known: Known): Shape {
  const name = readNames(funcname).at(-1) ?? ''
  if (arrayFunctions.has(name)) return 'scalars'
  if (name === 'to_tsvector') return 'tsvector'
  const [first, second] = asList(args)
  if (name === 'array_agg') return arrayOf[shapeOf(first, known)]
  if (name === 'array_prepend') return shapeOf(second, known)
  if (name === 'unnest') return elementOf(shapeOf(first, known))
  return passingFunctions.has(name) ? shapeOf(first, known) : 'scalar'
}

function operatorShape({ kind, lexpr, rexpr, name }: Node, known: Known): Shape {
  if (kind === 'AEXPR_NULLIF') return shapeOf(lexpr, known)
  return readNames(name).at(-1) === '||' ? commonShape([lexpr, rexpr], known) : 'scalar'
}

function subqueryShape(node: Node, { subqueries }: Known): Shape {
  const shape = subqueries.get(node)?.[0]?.shape ?? 'unknown'
  if (node['subLinkType'] === 'EXPR_SUBLINK') return shape
  return node['subLinkType'] === 'ARRAY_SUBLINK' ? arrayOf[shape] : 'scalar'
}

/** The shape of several values of one type. A constant takes the type of the others. */
function commonShape(values: readonly unknown[], known: Known): Shape {
  const typed = values.filter((value) => asKind(value, 'A_Const') === undefined && asKind(value, 'ParamRef') === undefined)
  const shapes = new Set(typed.map((value) => shapeOf(value, known)))
  if (shapes.size === 0) return 'scalar'
  const [shape = 'unknown', ...others] = shapes
  if (others.length === 0) return shape
  // An array and one of its elements, as in `array[1] || 2`.
  return shapes.size === 2 && shapes.has('scalar') && shapes.has('scalars') ? 'scalars' : 'unknown'
}

function subscriptShape(shape: Shape, indirection: readonly unknown[]): Shape {
  const isSlice = indirection.some((step) => asKind(step, 'A_Indices')?.['is_slice'] === true)
  return isSlice || shape === 'unknown' ? shape : elementOf(shape)
}

function elementOf(shape: Shape): Shape {
  if (shape === 'rows') return 'row'
  return shape === 'unknown' ? 'unknown' : 'scalar'
}
