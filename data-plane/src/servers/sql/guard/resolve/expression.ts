import { noSuchColumn, refusal } from '../syntax/refusal.ts'
import { asKind, asList, isNode, readNames } from '../syntax/tree.ts'
import type { Node } from '../syntax/tree.ts'
import { findRelations, isReplaced, resolveColumn } from './scope.ts'
import type { Level, Place, Reading, Relation } from './scope.ts'
import type { Column } from './tables.ts'
import type { ColumnPlace } from '../parser/places.ts'

/** Resolves every column and subquery in an expression. */
export function checkExpression(value: unknown, place: Place, level: Level | undefined): void {
  if (Array.isArray(value)) return value.forEach((item) => checkExpression(item, place, level))
  if (!isNode(value)) return
  for (const [key, inner] of Object.entries(value)) {
    if (key === 'ColumnRef') checkColumn(inner as Node, place.reading, level)
    else if (key === 'SubLink') checkSubLink(inner as Node, place, level)
    else if (key === 'JsonArrayQueryConstructor') readSubquery(inner as Node, 'query', place, level)
    else checkExpression(inner, place, level)
  }
}

function checkColumn(ref: Node, reading: Reading, level: Level | undefined): void {
  const path = readNames(ref['fields'])
  noteQualifiedColumn(ref, path, reading, level)
  if (path.at(-1) === undefined) return noteUse(starColumns(path.slice(0, -1), level), reading)
  const reference = resolveColumn(path.map(String), level)
  noteUse(reference.kind === 'row' ? useWhole(reference.relation) : [reference.column], reading)
}

function checkSubLink(link: Node, place: Place, level: Level | undefined): void {
  checkExpression(link['testexpr'], place, level)
  readSubquery(link, 'subselect', place, level)
}

function readSubquery(node: Node, field: 'subselect' | 'query', place: Place, level: Level | undefined): void {
  const columns = place.reading.select(asKind(node[field], 'SelectStmt') ?? {}, { ...place, outer: level })
  place.reading.subqueryColumns.set(node, columns)
  noteUse(columns, place.reading)
}

function noteUse(columns: readonly Column[], { usedMasks }: Reading): void {
  for (const { maskOf } of columns) if (maskOf !== undefined) usedMasks.add(maskOf)
}

/** A whole row uses every column of the relation. */
function useWhole({ columns, usedColumns }: Relation): readonly Column[] {
  for (const { name } of columns) usedColumns.add(name)
  return columns
}

/** The columns of `t.*`, or of `*` without a table, which stands for `all`. */
export function starColumns(path: readonly (string | undefined)[], level: Level | undefined, all?: readonly Column[]): readonly Column[] {
  const [name, schema, ...furtherParts] = path.toReversed()
  if (name === undefined) {
    const wholeRelations = (level?.relations ?? []).flatMap(useWhole)
    return all ?? wholeRelations
  }
  const [relation] = furtherParts.length > 0 ? [] : findRelations(level, name, schema)
  if (!relation) throw noSuchColumn(`${path.join('.')}.*`)
  return useWhole(relation)
}

/**
 * Notes a name `schema.table.column` whose schema the rewriting has to remove. Without the schema, it must still mean
 * the same table.
 */
export function noteQualifiedColumn(
  ref: Node,
  path: readonly (string | undefined)[],
  { references }: Reading,
  level: Level | undefined,
): void {
  const [, relationName, schema] = path.toReversed()
  if (relationName === undefined || schema === undefined) return
  const [relation] = findRelations(level, relationName, schema)
  if (!isReplaced(relation)) return
  const place = ref['place'] as ColumnPlace | undefined
  if (place?.afterFirstPart === undefined || findRelations(level, relationName, undefined)[0] !== relation)
    throw refusal(`"${path.join('.')}" is not clear here.`, 'Give each table an alias, and name columns by it.')
  references.qualifiedColumns.push(place)
}

/** The query that a GROUP BY, ORDER BY or DISTINCT ON belongs to. */
interface Query {
  outputs: readonly Column[]
  place: Place
  level: Level | undefined
}

/**
 * Resolves one key of GROUP BY, ORDER BY or DISTINCT ON: a position, the name of an output column, or an expression.
 */
export function checkKey(value: unknown, query: Query, isGroupKey = false): void {
  const { outputs, place, level } = query
  const sortKey = asKind(value, 'SortBy')
  if (sortKey) return checkKey(sortKey['node'], query)
  const grouping = asKind(value, 'GroupingSet')
  if (grouping) return asList(grouping['content']).forEach((key) => checkKey(key, query, isGroupKey))
  if (isNode(asKind(value, 'A_Const')?.['ival'])) return

  const [name, ...furtherParts] = readNames(asKind(value, 'ColumnRef')?.['fields'])
  const isOutput = name !== undefined && furtherParts.length === 0 && outputs.some((output) => output.name === name)
  if (!isOutput || (isGroupKey && isInputColumn(name, level))) checkExpression(value, place, level)
}

/** In GROUP BY, PostgreSQL prefers a column of a table to an output column of the same name. */
const isInputColumn = (name: string | undefined, level: Level | undefined) =>
  level?.relations.some((relation) => relation.column(name ?? '') !== undefined) === true
