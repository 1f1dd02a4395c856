import { checkExpression } from './expression.ts'
import { functionColumns } from './function-columns.ts'
import { maskedUse, noSuchColumn, noSuchTable, refusal } from '../syntax/refusal.ts'
import { findCte, Relation, renameColumns } from './scope.ts'
import type { Level, Place } from './scope.ts'
import { stricterFate, tableKey } from './tables.ts'
import type { Column } from './tables.ts'
import { asKind, asTagged, asText, isNode, readNames } from '../syntax/tree.ts'
import type { Node } from '../syntax/tree.ts'

const maxFromItems = 64

/** The relations that one item of a FROM adds, and the columns that `*` stands for, in order. */
export interface FromItem {
  relations: Relation[]
  star: readonly Column[]
}

const oneRelation = (relation: Relation): FromItem => ({ relations: [relation], star: relation.columns })

/** `left` are the relations before the item in the same FROM. LATERAL subqueries and functions may refer to them. */
export function readFrom(value: unknown, place: Place, left: readonly Relation[]): FromItem {
  if (++place.reading.fromItemCount > maxFromItems) throw refusal(`More than ${maxFromItems} tables.`, 'Split the question.')
  const { kind, node } = asTagged(value) ?? { kind: '', node: {} }
  if (kind === 'RangeVar') return oneRelation(readTable(node, place))
  if (kind === 'RangeSubselect') return oneRelation(readSubselect(node, place, left))
  if (kind === 'RangeFunction') return oneRelation(readFunctions(node, place, left))
  if (kind === 'JoinExpr') return readJoin(node, place, left)
  if (kind !== 'RangeTableSample') throw refusal(`Not accepted in FROM: ${kind}.`, 'Use tables, joins and subqueries.')

  checkExpression([node['args'], node['repeatable']], place, { relations: left, outer: place.outer })
  return readFrom(node['relation'], place, left)
}

function aliasOf(node: Node) {
  const alias = isNode(node['alias']) ? node['alias'] : {}
  return { name: asText(alias['aliasname']), columns: readNames(alias['colnames']) }
}

function readTable(node: Node, { ctes, reading }: Place): Relation {
  const name = asText(node['relname']) ?? ''
  const schema = asText(node['schemaname'])
  const alias = aliasOf(node)
  const cte = schema === undefined ? findCte(name, ctes) : undefined
  if (cte) {
    reading.tableNames.add(name)
    return new Relation(alias.name ?? name, renameColumns(cte.columns(), alias.columns))
  }

  const writtenName = schema === undefined ? name : `${schema}.${name}`
  const table = reading.knownTables.get(tableKey({ schema: schema ?? reading.pinnedSchema, table: name }))
  // PostgreSQL searches pg_catalog before the pinned schema, so the name might mean a system table.
  if (!table || (schema === undefined && name.startsWith('pg_'))) throw noSuchTable(writtenName)
  if (table.hasClosedParts && node['inh'] === true)
    throw refusal(`Parts of "${writtenName}" are closed to you.`, `Read it without them: from only ${writtenName}.`)
  reading.usedTables.add(table)
  reading.tableNames.add(name)
  if (schema !== undefined) reading.tableNames.add(schema)
  return new Relation(alias.name ?? name, renameColumns(table.columns, alias.columns), alias.name === undefined ? table.schema : undefined)
}

function readSubselect(node: Node, place: Place, left: readonly Relation[]): Relation {
  const outer: Level | undefined = node['lateral'] === true ? { relations: left, outer: place.outer } : place.outer
  const alias = aliasOf(node)
  const columns = place.reading.select(asKind(node['subquery'], 'SelectStmt') ?? {}, { ...place, outer })
  return new Relation(alias.name, renameColumns(columns, alias.columns))
}

function readFunctions(node: Node, place: Place, left: readonly Relation[]): Relation {
  checkExpression(node['functions'], place, { relations: left, outer: place.outer })
  const alias = aliasOf(node)
  const columns = functionColumns(node, alias.name)
  const name = alias.name ?? columns[0]?.name
  return new Relation(name, renameColumns(columns, alias.columns))
}

function readJoin(node: Node, place: Place, left: readonly Relation[]): FromItem {
  const a = readFrom(node['larg'], place, left)
  const b = readFrom(node['rarg'], place, [...left, ...a.relations])
  const relations = [...a.relations, ...b.relations]
  const sharedNames = node['isNatural'] === true ? naturalColumns(a, b) : readNames(node['usingClause']).map(String)
  const mergedColumns = sharedNames.map((name) => mergeColumn(name, a, b))
  checkExpression(node['quals'], place, { relations, outer: place.outer })

  const unsharedColumns = ({ star }: FromItem) => star.filter(({ name }) => !sharedNames.includes(name))
  const star = [...mergedColumns, ...unsharedColumns(a), ...unsharedColumns(b)]
  const { name, columns } = aliasOf(node)
  if (name !== undefined) return oneRelation(new Relation(name, renameColumns(star, columns)))
  const usingAlias = asText(isNode(node['join_using_alias']) ? node['join_using_alias']['aliasname'] : undefined)
  return { relations: usingAlias === undefined ? relations : [...relations, new Relation(usingAlias, mergedColumns)], star }
}

/** The columns that both sides have. PostgreSQL would join on hidden ones too, so these joins are refused. */
function naturalColumns(a: FromItem, b: FromItem): string[] {
  if ([...a.star, ...b.star].some(({ fate }) => fate === 'hidden'))
    throw refusal('NATURAL JOIN is not accepted between these tables.', 'Use JOIN … USING (column) or ON.')
  return a.star.map(({ name }) => name).filter((name) => b.star.some((column) => column.name === name))
}

/** The one column that USING makes of the two columns of this name. */
function mergeColumn(name: string, a: FromItem, b: FromItem): Column {
  const fates = [...a.star, ...b.star].filter((column) => column.name === name).map(({ fate }) => fate)
  const fate = fates.reduce(stricterFate, 'plain')
  if (fates.length === 0 || fate === 'hidden') throw noSuchColumn(name)
  if (fate === 'masked') throw maskedUse(name)
  return { name, fate }
}
