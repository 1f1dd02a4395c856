import { asTagged, readNames } from '../syntax/tree.ts'
import type { Node } from '../syntax/tree.ts'
import type { Column } from './tables.ts'

/** The columns of each subquery that stands in an expression, by the node that holds it. */
type SubqueryColumns = ReadonlyMap<Node, readonly Column[]>

/** `weak`: the name of a type or of CASE. A cast around it gives its own name instead. */
interface Name {
  text: string
  isWeak: boolean
}

/** The name PostgreSQL gives an output column without an alias. A query around this one may refer to it. */
export const outputName = (value: unknown, subqueries: SubqueryColumns): string => nameOf(value, subqueries)?.text ?? '?column?'

const fixedNames: Readonly<Record<string, string>> = {
  A_ArrayExpr: 'array',
  RowExpr: 'row',
  CoalesceExpr: 'coalesce',
  GroupingFunc: 'grouping',
  JsonParseExpr: 'json',
  JsonScalarExpr: 'json_scalar',
  JsonSerializeExpr: 'json_serialize',
  JsonObjectConstructor: 'json_object',
  JsonArrayConstructor: 'json_array',
  JsonArrayQueryConstructor: 'json_array',
  JsonObjectAgg: 'json_objectagg',
  JsonArrayAgg: 'json_arrayagg',
}

const jsonFunctionNames: Readonly<Record<string, string>> = {
  JSON_EXISTS_OP: 'json_exists',
  JSON_QUERY_OP: 'json_query',
  JSON_VALUE_OP: 'json_value',
}

const strong = (text: string | undefined): Name | undefined => (text === undefined ? undefined : { text, isWeak: false })
const weak = (text: string): Name => ({ text, isWeak: true })

/** Follows FigureColnameInternal of PostgreSQL's parse_target.c. */
function nameOf(value: unknown, subqueries: SubqueryColumns): Name | undefined {
  const tagged = asTagged(value)
  if (!tagged) return undefined
  const { kind, node } = tagged
  const fixedName = fixedNames[kind]
  if (fixedName !== undefined) return strong(fixedName)
  const inner = (field: string) => nameOf(node[field], subqueries)
  if (kind === 'ColumnRef') return strong(readNames(node['fields']).findLast((part) => part !== undefined))
  if (kind === 'FuncCall') return strong(readNames(node['funcname']).at(-1))
  if (kind === 'TypeCast') return strongOr(inner('arg'), typeName(node['typeName']))
  if (kind === 'CollateClause' || kind === 'A_Indirection') return inner('arg')
  if (kind === 'CaseExpr') return strongOr(inner('defresult'), 'case')
  if (kind === 'MinMaxExpr') return strong(node['op'] === 'IS_LEAST' ? 'least' : 'greatest')
  if (kind === 'A_Expr') return strong(node['kind'] === 'AEXPR_NULLIF' ? 'nullif' : undefined)
  if (kind === 'JsonFuncExpr') return strong(jsonFunctionNames[String(node['op'])])
  if (kind === 'SQLValueFunction') return strong(valueFunctionName(String(node['op'])))
  return kind === 'SubLink' ? subLinkName(node, subqueries) : undefined
}

function strongOr(name: Name | undefined, other: string | undefined): Name | undefined {
  if (name && !name.isWeak) return name
  return other === undefined ? name : weak(other)
}

const typeName = (type: unknown) => readNames((type as Node | undefined)?.['names']).at(-1)

const valueFunctionName = (op: string) => op.replace(/^SVFOP_|_N$/g, '').toLowerCase()

function subLinkName(node: Node, subqueries: SubqueryColumns): Name | undefined {
  if (node['subLinkType'] === 'EXISTS_SUBLINK') return strong('exists')
  if (node['subLinkType'] === 'ARRAY_SUBLINK') return strong('array')
  if (node['subLinkType'] !== 'EXPR_SUBLINK') return undefined
  return strong(subqueries.get(node)?.[0]?.name)
}
