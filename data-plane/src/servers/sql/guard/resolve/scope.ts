import type { ColumnFate } from '@bir/sdk/contract/tables'
import { noSuchColumn, refusal } from '../syntax/refusal.ts'
import { stricterFate } from './tables.ts'
import type { Column, KnownTable, KnownTables } from './tables.ts'
import type { Node } from '../syntax/tree.ts'

/** A table, subquery, function or join of a FROM: the columns one can refer to by its name. */
export class Relation {
  readonly name: string | undefined
  /** Set for a table without an alias, whose columns may be written as `schema.table.column`. */
  readonly schema: string | undefined
  readonly columns: readonly Column[]
  private readonly fates = new Map<string, ColumnFate>()

  constructor(name: string | undefined, columns: readonly Column[], schema?: string) {
    this.name = name
    this.schema = schema
    this.columns = columns
    for (const { name, fate } of columns) this.fates.set(name, stricterFate(fate, this.fates.get(name) ?? 'plain'))
  }

  fate(column: string): ColumnFate | undefined {
    return this.fates.get(column)
  }
}

/**
 * The relations of one query's FROM. `outer` is the level of the query around it, whose columns may be used as well.
 */
export interface Level {
  readonly relations: readonly Relation[]
  readonly outer: Level | undefined
}

export interface Cte {
  columns(): readonly Column[]
}

/** The common table expressions of one WITH, inside those of the queries around it. */
export interface Ctes {
  readonly byName: Map<string, Cte>
  readonly outer: Ctes | undefined
}

/** What a query can refer to outside itself: common table expressions, and the columns of the queries around it. */
export interface Place {
  readonly ctes: Ctes | undefined
  readonly outer: Level | undefined
  readonly reading: Reading
}

/** The state of resolving one whole statement. */
interface Reading {
  readonly knownTables: KnownTables
  /** The schema of table names that are written without one. */
  readonly pinnedSchema: string
  readonly usedTables: Set<KnownTable>
  /** The resolved names of every FROM: names of tables, of their schemas, and of common table expressions. */
  readonly tableNames: Set<string>
  fromItemCount: number
  /**
   * `readSelect`, passed along: queries, FROMs and expressions contain each other, and files must not import in a
   * circle.
   */
  select(stmt: Node, place: Place): Column[]
}

/** The meaning of a column reference: one column, or a whole row of a relation. */
export type Reference = { kind: 'column'; fate: ColumnFate } | { kind: 'row'; relation: Relation }

/**
 * Resolves a name as PostgreSQL does: first as a column, from the innermost level outwards, then as a whole row. A
 * name that PostgreSQL would resolve to a hidden column fails like one that does not exist.
 */
export function resolveColumn(path: readonly string[], level: Level | undefined): Reference {
  const writtenName = path.join('.')
  const [column = '', relationName, schema, ...furtherParts] = path.toReversed()
  if (furtherParts.length > 0) throw noSuchColumn(writtenName)
  if (relationName === undefined) return resolveBareColumn(column, level)

  const fates = findRelations(level, relationName, schema).map((relation) => relation.fate(column) ?? 'hidden')
  const fate = fates.length === 0 ? 'hidden' : fates.reduce(stricterFate)
  // It must be refused: where no column has the name, PostgreSQL calls a function of that name with the whole row.
  if (fate === 'hidden') throw noSuchColumn(writtenName)
  return { kind: 'column', fate }
}

function resolveBareColumn(name: string, level: Level | undefined): Reference {
  for (let current = level; current; current = current.outer) {
    const fates = current.relations.map((relation) => relation.fate(name)).filter((fate) => fate !== undefined)
    if (fates.length === 0) continue
    const fate = fates.reduce(stricterFate)
    if (fate === 'hidden') throw noSuchColumn(name)
    return { kind: 'column', fate }
  }
  const [relation] = findRelations(level, name, undefined)
  if (!relation) throw noSuchColumn(name)
  return { kind: 'row', relation }
}

/** The relations with this name on the innermost level that has any. */
export function findRelations(level: Level | undefined, name: string, schema: string | undefined): Relation[] {
  for (let current = level; current; current = current.outer) {
    const relations = current.relations.filter((relation) => relation.name === name && (schema === undefined || relation.schema === schema))
    if (relations.length > 0) return relations
  }
  return []
}

export function findCte(name: string, ctes: Ctes | undefined): Cte | undefined {
  for (let current = ctes; current; current = current.outer) {
    const cte = current.byName.get(name)
    if (cte) return cte
  }
  return undefined
}

/**
 * The columns of a whole row or star. Refused when one of them is hidden, because PostgreSQL would include it.
 * `written` names the row or star in the refusal.
 */
export function requireNoneHidden(columns: readonly Column[], written: string): Column[] {
  const visibleColumns = columns.filter(({ fate }) => fate !== 'hidden')
  if (visibleColumns.length === columns.length) return visibleColumns
  throw refusal(`${written} cannot be taken as a whole.`, `Name the columns: ${visibleColumns.map(({ name }) => name).join(', ')}.`)
}

/** Applies the names of `AS t(a, b)` from the left. Hidden columns count, as they do for PostgreSQL. */
export function renameColumns(columns: readonly Column[], names: readonly (string | undefined)[]): Column[] {
  return columns.map((column, index) => ({ ...column, name: names[index] ?? column.name }))
}
