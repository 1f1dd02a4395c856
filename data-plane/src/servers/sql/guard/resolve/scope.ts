import type { ColumnFate } from '@bir/sdk/contract/tables'
import { noSuchColumn, refused } from '../syntax/refusal.ts'
import { stricter } from './tables.ts'
import type { Column, KnownTable } from './tables.ts'
import type { Node } from '../syntax/tree.ts'

/** What a FROM offers under one name. */
export class Relation {
  readonly name: string | undefined
  /** Known for tables without an alias: `schema.table.column` may be written. */
  readonly schema: string | undefined
  readonly columns: readonly Column[]
  private readonly fates = new Map<string, ColumnFate>()

  constructor(name: string | undefined, columns: readonly Column[], schema?: string) {
    this.name = name
    this.schema = schema
    this.columns = columns
    for (const { name, fate } of columns) this.fates.set(name, stricter(fate, this.fates.get(name) ?? 'plain'))
  }

  fate(column: string): ColumnFate | undefined {
    return this.fates.get(column)
  }
}

/** The FROM of one query level, inside that of the query around it. */
export interface Level {
  readonly relations: readonly Relation[]
  readonly outer: Level | undefined
}

export interface Cte {
  columns(): readonly Column[]
}

export interface Ctes {
  readonly here: Map<string, Cte>
  readonly outer: Ctes | undefined
}

/** Where a query stands: the common table expressions and the outer columns it sees. */
export interface Place {
  readonly ctes: Ctes | undefined
  readonly outer: Level | undefined
  readonly reading: Reading
}

/** What the whole statement may read and has read so far. */
interface Reading {
  readonly known: ReadonlyMap<string, KnownTable>
  readonly pinnedSchema: string
  readonly used: Set<KnownTable>
  readonly resolved: Set<string>
  fromItems: number
  /** Reads a query within this one. Carried along so that queries, FROMs and expressions may hold each other. */
  select(stmt: Node, place: Place): Column[]
}

/** What a column reference stands for. `row` is every column of a relation at once. */
export type Reference = { kind: 'column'; fate: ColumnFate } | { kind: 'row'; relation: Relation }

/**
 * Resolves a name the way PostgreSQL does: columns from the innermost level outwards, then whole rows. What PostgreSQL would
 * find in a hidden column is answered as if nothing were there.
 */
export function resolve(path: readonly string[], level: Level | undefined): Reference {
  const spelled = path.join('.')
  const [column = '', relation, schema, ...more] = path.toReversed()
  if (more.length > 0) throw noSuchColumn(spelled)
  if (relation === undefined) return resolveBare(column, level)

  const fates = relationsNamed(level, relation, schema).map((found) => found.fate(column) ?? 'hidden')
  const fate = fates.length === 0 ? 'hidden' : fates.reduce(stricter)
  // Not a column: PostgreSQL would go on to call a function of that name with the whole row.
  if (fate === 'hidden') throw noSuchColumn(spelled)
  return { kind: 'column', fate }
}

function resolveBare(name: string, level: Level | undefined): Reference {
  for (let at = level; at; at = at.outer) {
    const fates = at.relations.map((relation) => relation.fate(name)).filter((fate) => fate !== undefined)
    if (fates.length === 0) continue
    const fate = fates.reduce(stricter)
    if (fate === 'hidden') throw noSuchColumn(name)
    return { kind: 'column', fate }
  }
  const [relation] = relationsNamed(level, name, undefined)
  if (!relation) throw noSuchColumn(name)
  return { kind: 'row', relation }
}

/** The nearest level that has the name decides. */
export function relationsNamed(level: Level | undefined, name: string, schema: string | undefined): Relation[] {
  for (let at = level; at; at = at.outer) {
    const found = at.relations.filter((relation) => relation.name === name && (schema === undefined || relation.schema === schema))
    if (found.length > 0) return found
  }
  return []
}

export function findCte(name: string, ctes: Ctes | undefined): Cte | undefined {
  for (let at = ctes; at; at = at.outer) {
    const found = at.here.get(name)
    if (found) return found
  }
  return undefined
}

/** All columns at once: not while some of them are hidden, since `*` would bring them along. */
export function allColumns(columns: readonly Column[], of: string): Column[] {
  const open = columns.filter(({ fate }) => fate !== 'hidden')
  if (open.length === columns.length) return open
  throw refused(`${of} cannot be taken as a whole.`, `Name the columns: ${open.map(({ name }) => name).join(', ')}.`)
}

/** `AS t(a, b)` renames from the left, hidden columns too. */
export function renamed(columns: readonly Column[], names: readonly (string | undefined)[]): Column[] {
  return columns.map((column, at) => ({ ...column, name: names[at] ?? column.name }))
}
