import { asKind, list, names, tagged, text } from '../syntax/tree.ts'
import type { Node } from '../syntax/tree.ts'

/** The name PostgreSQL gives an output column that has none, so that outer queries can be resolved. */
export function outputName(value: unknown): string {
  return figure(value) ?? '?column?'
}

const fixed: Readonly<Record<string, string>> = {
  A_ArrayExpr: 'array',
  RowExpr: 'row',
  CoalesceExpr: 'coalesce',
  GroupingFunc: 'grouping',
}

function figure(value: unknown): string | undefined {
  const found = tagged(value)
  if (!found) return undefined
  const { kind, node } = found
  if (fixed[kind]) return fixed[kind]
  if (kind === 'ColumnRef') return names(node['fields']).at(-1)
  if (kind === 'FuncCall') return names(node['funcname']).at(-1)
  if (kind === 'TypeCast') return figure(node['arg']) ?? typeName(node['typeName'])
  if (kind === 'CollateClause' || kind === 'A_Indirection') return figure(node['arg'])
  if (kind === 'CaseExpr') return figure(node['defresult']) ?? 'case'
  if (kind === 'MinMaxExpr') return node['op'] === 'IS_LEAST' ? 'least' : 'greatest'
  if (kind === 'A_Expr' && node['kind'] === 'AEXPR_NULLIF') return 'nullif'
  if (kind === 'SQLValueFunction')
    return String(node['op'])
      .replace(/^SVFOP_|_N$/g, '')
      .toLowerCase()
  if (kind === 'SubLink') return subLinkName(node)
  return undefined
}

const typeName = (type: unknown) => names((type as Node | undefined)?.['names']).at(-1)

function subLinkName(node: Node): string | undefined {
  if (node['subLinkType'] === 'EXISTS_SUBLINK') return 'exists'
  if (node['subLinkType'] === 'ARRAY_SUBLINK') return 'array'
  if (node['subLinkType'] !== 'EXPR_SUBLINK') return undefined
  const first = asKind(list(asKind(node['subselect'], 'SelectStmt')?.['targetList'])[0], 'ResTarget')
  return first && (text(first['name']) ?? figure(first['val']))
}
