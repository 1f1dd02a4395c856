import { use } from './expression.ts'
import { functionColumns } from './function-columns.ts'
import { maskedUse, noSuchColumn, noSuchTable, refused } from '../syntax/refusal.ts'
import { findCte, Relation, renamed } from './scope.ts'
import type { Level, Place } from './scope.ts'
import { key, stricter } from './tables.ts'
import type { Column } from './tables.ts'
import { asKind, isNode, names, tagged, text } from '../syntax/tree.ts'
import type { Node } from '../syntax/tree.ts'

const maxFromItems = 64

/** What one item of a FROM brings: names to refer by, and the columns of `*` in their order. */
export interface FromItem {
  relations: Relation[]
  star: readonly Column[]
}

const single = (relation: Relation): FromItem => ({ relations: [relation], star: relation.columns })

/** `left` is what stands before the item in the same FROM: LATERAL and functions may refer to it. */
export function readFrom(value: unknown, place: Place, left: readonly Relation[]): FromItem {
  if (++place.reading.fromItems > maxFromItems) throw refused(`More than ${maxFromItems} tables.`, 'Split the question.')
  const { kind, node } = tagged(value) ?? { kind: '', node: {} }
  if (kind === 'RangeVar') return single(readTable(node, place))
  if (kind === 'RangeSubselect') return single(readSubselect(node, place, left))
  if (kind === 'RangeFunction') return single(readFunctions(node, place, left))
  if (kind === 'JoinExpr') return readJoin(node, place, left)
  if (kind !== 'RangeTableSample') throw refused(`Not accepted in FROM: ${kind}.`, 'Use tables, joins and subqueries.')

  use([node['args'], node['repeatable']], place, { relations: left, outer: place.outer })
  return readFrom(node['relation'], place, left)
}

function aliasOf(node: Node) {
  const alias = isNode(node['alias']) ? node['alias'] : {}
  return { name: text(alias['aliasname']), columns: names(alias['colnames']) }
}

function readTable(node: Node, { ctes, reading }: Place): Relation {
  const name = text(node['relname']) ?? ''
  const schema = text(node['schemaname'])
  const alias = aliasOf(node)
  const cte = schema === undefined ? findCte(name, ctes) : undefined
  if (cte) {
    reading.resolved.add(name)
    return new Relation(alias.name ?? name, renamed(cte.columns(), alias.columns))
  }

  const spelled = schema === undefined ? name : `${schema}.${name}`
  const table = reading.known.get(key({ schema: schema ?? reading.pinnedSchema, table: name }))
  // PostgreSQL looks into pg_catalog before any schema of ours.
  if (!table || (schema === undefined && name.startsWith('pg_'))) throw noSuchTable(spelled)
  if (table.partsClosed && node['inh'] === true)
    throw refused(`Parts of "${spelled}" are closed to you.`, `Read it without them: from only ${spelled}.`)
  reading.used.add(table)
  reading.resolved.add(name)
  if (schema !== undefined) reading.resolved.add(schema)
  return new Relation(alias.name ?? name, renamed(table.columns, alias.columns), alias.name === undefined ? table.schema : undefined)
}

function readSubselect(node: Node, place: Place, left: readonly Relation[]): Relation {
  const outer: Level | undefined = node['lateral'] === true ? { relations: left, outer: place.outer } : place.outer
  const alias = aliasOf(node)
  const columns = place.reading.select(asKind(node['subquery'], 'SelectStmt') ?? {}, { ...place, outer })
  return new Relation(alias.name, renamed(columns, alias.columns))
}

function readFunctions(node: Node, place: Place, left: readonly Relation[]): Relation {
  use(node['functions'], place, { relations: left, outer: place.outer })
  const alias = aliasOf(node)
  const columns = functionColumns(node, alias.name)
  const name = alias.name ?? columns[0]?.name
  return new Relation(name, renamed(columns, alias.columns))
}

function readJoin(node: Node, place: Place, left: readonly Relation[]): FromItem {
  const a = readFrom(node['larg'], place, left)
  const b = readFrom(node['rarg'], place, [...left, ...a.relations])
  const relations = [...a.relations, ...b.relations]
  const shared = node['isNatural'] === true ? naturalColumns(a, b) : names(node['usingClause']).map(String)
  const merged = shared.map((name) => mergedColumn(name, a, b))
  use(node['quals'], place, { relations, outer: place.outer })

  const rest = ({ star }: FromItem) => star.filter(({ name }) => !shared.includes(name))
  const star = [...merged, ...rest(a), ...rest(b)]
  const { name, columns } = aliasOf(node)
  if (name !== undefined) return single(new Relation(name, renamed(star, columns)))
  const using = text(isNode(node['join_using_alias']) ? node['join_using_alias']['aliasname'] : undefined)
  return { relations: using === undefined ? relations : [...relations, new Relation(using, merged)], star }
}

/** The columns both sides have. A hidden one would take part unseen. */
function naturalColumns(a: FromItem, b: FromItem): string[] {
  if ([...a.star, ...b.star].some(({ fate }) => fate === 'hidden'))
    throw refused('NATURAL JOIN is not accepted between these tables.', 'Use JOIN … USING (column) or ON.')
  return a.star.map(({ name }) => name).filter((name) => b.star.some((column) => column.name === name))
}

function mergedColumn(name: string, a: FromItem, b: FromItem): Column {
  const fates = [...a.star, ...b.star].filter((column) => column.name === name).map(({ fate }) => fate)
  const fate = fates.reduce(stricter, 'plain')
  if (fates.length === 0 || fate === 'hidden') throw noSuchColumn(name)
  if (fate === 'masked') throw maskedUse(name)
  return { name, fate }
}
