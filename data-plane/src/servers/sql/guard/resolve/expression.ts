import { maskedUse, noSuchColumn, refused } from '../syntax/refusal.ts'
import { allColumns, relationsNamed, resolve } from './scope.ts'
import type { Level, Place } from './scope.ts'
import type { Column } from './tables.ts'
import { asKind, isNode, list, names } from '../syntax/tree.ts'
import type { Node } from '../syntax/tree.ts'

/** Goes through an expression: every column it uses must be plain, since what is computed from a masked one would tell of it. */
export function use(value: unknown, place: Place, level: Level | undefined): void {
  if (Array.isArray(value)) return value.forEach((each) => use(each, place, level))
  if (!isNode(value)) return
  for (const [part, inner] of Object.entries(value)) {
    if (part === 'ColumnRef') useColumn(inner as Node, level)
    else if (part === 'SubLink') useSubLink(inner as Node, place, level)
    else use(inner, place, level)
  }
}

function useColumn(ref: Node, level: Level | undefined): void {
  const path = names(ref['fields'])
  if (path.at(-1) === undefined) return mustBePlain(starOf(path.slice(0, -1), level), path)
  const reference = resolve(path.map(String), level)
  if (reference.kind === 'row') return mustBePlain(allColumns(reference.relation.columns, `"${path[0]}"`), path)
  if (reference.fate !== 'plain') throw maskedUse(path.join('.'))
}

function useSubLink(link: Node, place: Place, level: Level | undefined): void {
  use(link['testexpr'], place, level)
  const columns = place.reading.select(asKind(link['subselect'], 'SelectStmt') ?? {}, { ...place, outer: level })
  mustBePlain(columns, [])
}

/** The columns of `t.*` (or of all tables) where it stands inside an expression. */
function starOf(path: readonly (string | undefined)[], level: Level | undefined): Column[] {
  const [name, schema, ...more] = path.toReversed()
  if (name === undefined) return (level?.relations ?? []).flatMap(({ columns }) => allColumns(columns, '*'))
  const [relation] = more.length > 0 ? [] : relationsNamed(level, name, schema)
  if (!relation) throw noSuchColumn(`${path.join('.')}.*`)
  return allColumns(relation.columns, `"${name}"`)
}

export function mustBePlain(columns: readonly Column[], path: readonly (string | undefined)[]): void {
  const masked = columns.find(({ fate }) => fate !== 'plain')
  if (!masked) return
  if (path.length > 0) throw refused(`A row with masked columns cannot be taken as a value.`, 'Name the columns you need.')
  throw maskedUse(masked.name)
}

/** What GROUP BY, ORDER BY and DISTINCT ON stand beside. */
interface Query {
  outputs: readonly Column[]
  place: Place
  level: Level | undefined
}

/** GROUP BY, ORDER BY and DISTINCT ON: a position, the name of an output column, or an expression. */
export function useKey(value: unknown, query: Query, grouped = false): void {
  const { outputs, place, level } = query
  const sortKey = asKind(value, 'SortBy')
  if (sortKey) return useKey(sortKey['node'], query)
  const grouping = asKind(value, 'GroupingSet')
  if (grouping) return list(grouping['content']).forEach((each) => useKey(each, query, grouped))

  const position = asKind(value, 'A_Const')?.['ival']
  if (isNode(position)) return mustBePlain(outputs.slice(Number(position['ival'] ?? 0) - 1, Number(position['ival'] ?? 0)), [])

  const [name, ...more] = names(asKind(value, 'ColumnRef')?.['fields'])
  const named = name === undefined || more.length > 0 ? [] : outputs.filter((output) => output.name === name)
  mustBePlain(named, [])
  if (named.length === 0 || (grouped && isInput(name, level))) use(value, place, level)
}

/** In GROUP BY a table's column comes before an output's name. */
const isInput = (name: string | undefined, level: Level | undefined) =>
  level?.relations.some((relation) => relation.fate(name ?? '') !== undefined) === true
