import type { ColumnPlace } from '../parser/places.ts'
import { asKind, asList, readNames } from '../syntax/tree.ts'
import { findReference } from './scope.ts'
import type { Level, Place, Relation } from './scope.ts'
import { hasClosedColumns } from './tables.ts'

interface KeyColumn {
  relation: Relation
  number: number
  place: ColumnPlace
}

/**
 * PostgreSQL lets a query that groups by the primary key of a table use its other columns as they are. It does not know
 * the key of a subquery. So where a table with closed columns is replaced by one, the columns that the query uses
 * become keys as well. They depend on the primary key, so the groups stay the same.
 */
export function noteGroupKeys(groupClause: readonly unknown[], { reading }: Place, level: Level): void {
  const keys = groupClause.flatMap((key) => keyColumns(key, level))
  for (const relation of new Set(keys.map((key) => key.relation))) {
    const ownKeys = keys.filter((key) => key.relation === relation)
    const primaryKey = relation.origin?.table.primaryKey ?? []
    const isWholeKey = primaryKey.length > 0 && primaryKey.every((number) => ownKeys.some((key) => key.number === number))
    const [first] = ownKeys
    if (!isWholeKey || !first || relation.name === undefined) continue
    reading.references.groupKeys.push({ place: first.place, relation: relation.name, columns: dependentColumns(relation, ownKeys) })
  }
}

function keyColumns(key: unknown, level: Level): KeyColumn[] {
  const ref = asKind(key, 'ColumnRef')
  const path = readNames(ref?.['fields'])
  const place = ref?.['place'] as ColumnPlace | undefined
  if (!ref || !place || path.includes(undefined)) return []
  const reference = findReference(path.map(String), level)
  if (reference?.kind !== 'column') return []
  return reference.relations.flatMap((relation) => {
    if (!relation.origin || !hasClosedColumns(relation.origin.table) || !level.relations.includes(relation)) return []
    const column = relation.origin.columns[relation.columns.findIndex(({ name }) => name === reference.column.name)]
    return column?.fate === 'plain' ? [{ relation, number: column.number, place }] : []
  })
}

function dependentColumns({ columns, origin, usedColumns }: Relation, keys: readonly KeyColumn[]): string[] {
  return columns.flatMap(({ name }, index) => {
    const column = origin?.columns[index]
    const isKey = keys.some(({ number }) => number === column?.number)
    return usedColumns.has(name) && !isKey && column?.isGroupable === true ? [name] : []
  })
}

/** GROUP BY without ROLLUP, CUBE or GROUPING SETS. */
export const isPlainGrouping = (groupClause: readonly unknown[]): boolean =>
  asList(groupClause).every((key) => asKind(key, 'GroupingSet') === undefined)
