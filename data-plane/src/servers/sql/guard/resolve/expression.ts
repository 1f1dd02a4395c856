import { maskedUse, noSuchColumn, refusal } from '../syntax/refusal.ts'
import { requireNoneHidden, findRelations, resolveColumn } from './scope.ts'
import type { Level, Place } from './scope.ts'
import type { Column } from './tables.ts'
import { asKind, asList, isNode, readNames } from '../syntax/tree.ts'
import type { Node } from '../syntax/tree.ts'

/** Requires that every column in an expression is plain: a value computed from a masked column would reveal it. */
export function checkExpression(value: unknown, place: Place, level: Level | undefined): void {
  if (Array.isArray(value)) return value.forEach((item) => checkExpression(item, place, level))
  if (!isNode(value)) return
  for (const [key, inner] of Object.entries(value)) {
    if (key === 'ColumnRef') checkColumn(inner as Node, level)
    else if (key === 'SubLink') checkSubLink(inner as Node, place, level)
    else checkExpression(inner, place, level)
  }
}

function checkColumn(ref: Node, level: Level | undefined): void {
  const path = readNames(ref['fields'])
  if (path.at(-1) === undefined) return requirePlain(starColumns(path.slice(0, -1), level), path)
  const reference = resolveColumn(path.map(String), level)
  if (reference.kind === 'row') return requirePlain(requireNoneHidden(reference.relation.columns, `"${path[0]}"`), path)
  if (reference.fate !== 'plain') throw maskedUse(path.join('.'))
}

function checkSubLink(link: Node, place: Place, level: Level | undefined): void {
  checkExpression(link['testexpr'], place, level)
  const columns = place.reading.select(asKind(link['subselect'], 'SelectStmt') ?? {}, { ...place, outer: level })
  requirePlain(columns, [])
}

/** The columns of `t.*`, or of `*`, inside an expression. */
function starColumns(path: readonly (string | undefined)[], level: Level | undefined): Column[] {
  const [name, schema, ...furtherParts] = path.toReversed()
  if (name === undefined) return (level?.relations ?? []).flatMap(({ columns }) => requireNoneHidden(columns, '*'))
  const [relation] = furtherParts.length > 0 ? [] : findRelations(level, name, schema)
  if (!relation) throw noSuchColumn(`${path.join('.')}.*`)
  return requireNoneHidden(relation.columns, `"${name}"`)
}

/** `path` is the name of a row, as written, when the columns were taken as a row; else it is empty. */
export function requirePlain(columns: readonly Column[], path: readonly (string | undefined)[]): void {
  const masked = columns.find(({ fate }) => fate !== 'plain')
  if (!masked) return
  if (path.length > 0) throw refusal(`A row with masked columns cannot be taken as a value.`, 'Name the columns you need.')
  throw maskedUse(masked.name)
}

/** The query that a GROUP BY, ORDER BY or DISTINCT ON belongs to. */
interface Query {
  outputs: readonly Column[]
  place: Place
  level: Level | undefined
}

/** Checks one key of GROUP BY, ORDER BY or DISTINCT ON: a position, the name of an output column, or an expression. */
export function checkKey(value: unknown, query: Query, isGroupKey = false): void {
  const { outputs, place, level } = query
  const sortKey = asKind(value, 'SortBy')
  if (sortKey) return checkKey(sortKey['node'], query)
  const grouping = asKind(value, 'GroupingSet')
  if (grouping) return asList(grouping['content']).forEach((key) => checkKey(key, query, isGroupKey))

  const position = asKind(value, 'A_Const')?.['ival']
  if (isNode(position)) return requirePlain(outputs.slice(Number(position['ival'] ?? 0) - 1, Number(position['ival'] ?? 0)), [])

  const [name, ...furtherParts] = readNames(asKind(value, 'ColumnRef')?.['fields'])
  const namedOutputs = name === undefined || furtherParts.length > 0 ? [] : outputs.filter((output) => output.name === name)
  requirePlain(namedOutputs, [])
  if (namedOutputs.length === 0 || (isGroupKey && isInputColumn(name, level))) checkExpression(value, place, level)
}

/** In GROUP BY, PostgreSQL prefers a column of a table to an output column of the same name. */
const isInputColumn = (name: string | undefined, level: Level | undefined) =>
  level?.relations.some((relation) => relation.fate(name ?? '') !== undefined) === true
