import { asKind, asList, asTagged, asText, readNames } from '../syntax/tree.ts'
import type { Node } from '../syntax/tree.ts'

/** The name PostgreSQL gives an output column without an alias. A query around this one may refer to it. */
export function outputName(value: unknown): string {
  return nameOf(value) ?? '?column?'
}

const fixedNames: Readonly<Record<string, string>> = {
  A_ArrayExpr: 'array',
  RowExpr: 'row',
  CoalesceExpr: 'coalesce',
  GroupingFunc: 'grouping',
}

/** Follows FigureColnameInternal of PostgreSQL's parse_target.c. */
function nameOf(value: unknown): string | undefined {
  const tagged = asTagged(value)
  if (!tagged) return undefined
  const { kind, node } = tagged
  if (fixedNames[kind]) return fixedNames[kind]
  if (kind === 'ColumnRef') return readNames(node['fields']).at(-1)
  if (kind === 'FuncCall') return readNames(node['funcname']).at(-1)
  if (kind === 'TypeCast') return nameOf(node['arg']) ?? typeName(node['typeName'])
  if (kind === 'CollateClause' || kind === 'A_Indirection') return nameOf(node['arg'])
  if (kind === 'CaseExpr') return nameOf(node['defresult']) ?? 'case'
  if (kind === 'MinMaxExpr') return node['op'] === 'IS_LEAST' ? 'least' : 'greatest'
  if (kind === 'A_Expr' && node['kind'] === 'AEXPR_NULLIF') return 'nullif'
  if (kind === 'SQLValueFunction')
    return String(node['op'])
      .replace(/^SVFOP_|_N$/g, '')
      .toLowerCase()
  if (kind === 'SubLink') return subLinkName(node)
  return undefined
}

const typeName = (type: unknown) => readNames((type as Node | undefined)?.['names']).at(-1)

function subLinkName(node: Node): string | undefined {
  if (node['subLinkType'] === 'EXISTS_SUBLINK') return 'exists'
  if (node['subLinkType'] === 'ARRAY_SUBLINK') return 'array'
  if (node['subLinkType'] !== 'EXPR_SUBLINK') return undefined
  const target = asKind(asList(asKind(node['subselect'], 'SelectStmt')?.['targetList'])[0], 'ResTarget')
  return target && (asText(target['name']) ?? nameOf(target['val']))
}
