import { noSuchColumn } from '../syntax/refusal.ts'
import type { Node } from '../syntax/tree.ts'
import type { References } from './references.ts'
import { hasClosedColumns } from './tables.ts'
import type { Column, KnownTable, KnownTables, TableColumn } from './tables.ts'

interface Origin {
  table: KnownTable
  /** The columns of the table that the relation has, in the same order. */
  columns: readonly TableColumn[]
  /** The statement gives the table no other name, so its columns may be written as `schema.table.column`. */
  hasOwnName: boolean
}

/** A table, subquery, function or join of a FROM: the columns one can refer to by its name. */
export class Relation {
  readonly name: string | undefined
  readonly columns: readonly Column[]
  /** Set for a table. */
  readonly origin: Origin | undefined
  /** Names of its columns that the statement uses. */
  readonly usedColumns = new Set<string>()
  private readonly columnByName = new Map<string, Column>()

  constructor(name: string | undefined, columns: readonly Column[], origin?: Origin) {
    this.name = name
    this.columns = columns
    this.origin = origin
    for (const column of columns.toReversed()) this.columnByName.set(column.name, column)
  }

  /** The schema by which its columns may be named. */
  get schema(): string | undefined {
    return this.origin?.hasOwnName === true ? this.origin.table.schema : undefined
  }

  column(name: string): Column | undefined {
    return this.columnByName.get(name)
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
export interface Reading {
  readonly knownTables: KnownTables
  /** The schema of table names that are written without one. */
  readonly pinnedSchema: string
  readonly usedTables: Set<KnownTable>
  /** The resolved names of every FROM: names of tables, of their schemas, and of common table expressions. */
  readonly tableNames: Set<string>
  readonly references: References
  /** Names of masked columns that the statement uses. */
  readonly usedMasks: Set<string>
  /** The columns of each subquery that stands in an expression, by the node that holds it. */
  readonly subqueryColumns: Map<Node, readonly Column[]>
  fromItemCount: number
  /**
   * `readSelect`, passed along: queries, FROMs and expressions contain each other, and files must not import in a
   * circle.
   */
  select(stmt: Node, place: Place): Column[]
}

/** The meaning of a column reference: one column, or a whole row of a relation. */
export type Reference = { kind: 'column'; column: Column; relations: readonly Relation[] } | { kind: 'row'; relation: Relation }

/**
 * Resolves a name as PostgreSQL does: first as a column, from the innermost level outwards, then as a whole row. A
 * hidden column is in no relation, so it fails like one that does not exist.
 */
export function resolveColumn(path: readonly string[], level: Level | undefined): Reference {
  const reference = findReference(path, level)
  // It must be refused: where no column has the name, PostgreSQL calls a function of that name with the whole row.
  if (!reference) throw noSuchColumn(path.join('.'))
  return reference
}

/** Like `resolveColumn`, but undefined where there is no such column. */
export function findReference(path: readonly string[], level: Level | undefined): Reference | undefined {
  const [name = '', relationName, schema, ...furtherParts] = path.toReversed()
  if (furtherParts.length > 0) return undefined
  return relationName === undefined ? resolveBareColumn(name, level) : columnOf(findRelations(level, relationName, schema), name)
}

function resolveBareColumn(name: string, level: Level | undefined): Reference | undefined {
  for (let current = level; current; current = current.outer) {
    const reference = columnOf(current.relations, name)
    if (reference) return reference
  }
  const [relation] = findRelations(level, name, undefined)
  return relation && { kind: 'row', relation }
}

function columnOf(relations: readonly Relation[], name: string): Reference | undefined {
  const owners = relations.filter((relation) => relation.column(name) !== undefined)
  const column = owners[0]?.column(name)
  if (!column) return undefined
  for (const { usedColumns } of owners) usedColumns.add(name)
  return { kind: 'column', column, relations: owners }
}

/** The relations with this name on the innermost level that has any. */
export function findRelations(level: Level | undefined, name: string, schema: string | undefined): Relation[] {
  for (let current = level; current; current = current.outer) {
    const relations = current.relations.filter((relation) => relation.name === name && (schema === undefined || relation.schema === schema))
    if (relations.length > 0) return relations
  }
  return []
}

/** A table that is replaced by a subquery loses its schema, so a column must be named by the table alone. */
export const isReplaced = (relation: Relation | undefined): boolean =>
  relation?.origin?.hasOwnName === true && hasClosedColumns(relation.origin.table)

export function findCte(name: string, ctes: Ctes | undefined): Cte | undefined {
  for (let current = ctes; current; current = current.outer) {
    const cte = current.byName.get(name)
    if (cte) return cte
  }
  return undefined
}

/** Applies the names of `AS t(a, b)` from the left. */
export function renameColumns(columns: readonly Column[], names: readonly (string | undefined)[]): Column[] {
  return columns.map((column, index) => ({ ...column, name: names[index] ?? column.name }))
}
