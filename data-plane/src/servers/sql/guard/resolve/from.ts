import { checkExpression } from './expression.ts'
import { functionColumns } from './function-columns.ts'
import { outputName } from './output-name.ts'
import { noSuchColumn, noSuchTable, refusal } from '../syntax/refusal.ts'
import { findCte, Relation, renameColumns } from './scope.ts'
import type { Level, Place } from './scope.ts'
import { hasClosedColumns, openColumns, tableKey } from './tables.ts'
import type { Column, KnownTable, TableColumn } from './tables.ts'
import type { Span, TablePlace } from '../parser/places.ts'
import { asKind, asList, asTagged, asText, isNode, readNames } from '../syntax/tree.ts'
import type { Node } from '../syntax/tree.ts'

const maxFromItems = 64

/** The relations that one item of a FROM adds, and the columns that `*` stands for, in order. */
export interface FromItem {
  relations: Relation[]
  star: readonly Column[]
}

const oneRelation = (relation: Relation): FromItem => ({ relations: [relation], star: relation.columns })

/** `left` are the relations before the item in the same FROM. LATERAL subqueries and functions may refer to them. */
export function readFrom(value: unknown, place: Place, left: readonly Relation[], sample?: Node): FromItem {
  if (++place.reading.fromItemCount > maxFromItems) throw refusal(`More than ${maxFromItems} tables.`, 'Split the question.')
  const { kind, node } = asTagged(value) ?? { kind: '', node: {} }
  if (kind === 'RangeVar') return oneRelation(readTable(node, place, sample))
  if (kind === 'RangeSubselect') return oneRelation(readSubselect(node, place, left))
  if (kind === 'RangeFunction') return oneRelation(readFunctions(node, place, left))
  if (kind === 'JoinExpr') return readJoin(node, place, left)
  if (kind !== 'RangeTableSample') throw refusal(`Not accepted in FROM: ${kind}.`, 'Use tables, joins and subqueries.')

  checkExpression([node['args'], node['repeatable']], place, { relations: left, outer: place.outer })
  return readFrom(node['relation'], place, left, node)
}

function aliasOf(node: Node) {
  const alias = isNode(node['alias']) ? node['alias'] : {}
  return { name: asText(alias['aliasname']), columns: readNames(alias['colnames']) }
}

function readTable(node: Node, { ctes, reading }: Place, sample: Node | undefined): Relation {
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
  const isOnly = node['inh'] !== true
  if (table.hasClosedParts && !isOnly) throw refusal(`Parts of "${writtenName}" are closed to you.`, howToReadOpenParts(table, writtenName))
  reading.usedTables.add(table)
  reading.tableNames.add(name)
  if (schema !== undefined) reading.tableNames.add(schema)
  const tablePlace = node['place'] as TablePlace | undefined
  if (!tablePlace) throw refusal(`The table "${writtenName}" could not be placed.`, 'Write its name plainly.')
  const hasAlias = alias.name !== undefined
  reading.references.tables.push({ place: tablePlace, table, hasAlias, isOnly, sample: samplePlace(sample, table) })
  const columns = openColumns(table)
  return new Relation(
    alias.name ?? name,
    renameColumns(
      columns.map((column) => visibleColumn(column, table)),
      alias.columns,
    ),
    { table, columns, hasOwnName: !hasAlias },
  )
}

/** `only` leaves out every partition, so of a partitioned table nothing would be left. */
const howToReadOpenParts = ({ isPartitioned }: KnownTable, writtenName: string) =>
  isPartitioned
    ? 'Read the parts that are open to you by their own names; list_tables shows them.'
    : `Read it without them: from only ${writtenName}.`

/** A masked column is seen as the text of its masks. */
const visibleColumn = ({ number, name, shape, fate }: TableColumn, { oid }: KnownTable): Column =>
  fate === 'masked' ? { name, shape: 'scalar', maskOf: name } : { name, shape, origin: { oid, number } }

/** The place of a TABLESAMPLE that the rewriting has to move, because it samples a table and not a subquery. */
function samplePlace(sample: Node | undefined, table: KnownTable): Span | undefined {
  if (!sample || !hasClosedColumns(table)) return undefined
  const place = sample['place'] as Span | undefined
  const values = [...asList(sample['args']), ...(sample['repeatable'] === undefined ? [] : [sample['repeatable']])]
  const isPlain = values.every((value) => ['A_Const', 'ParamRef'].includes(asTagged(value)?.kind ?? ''))
  if (place && isPlain) return place
  throw refusal('The sample of this table is not accepted.', 'Write its percentage as a number.')
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
  const level = { relations: left, outer: place.outer }
  const columns = functionColumns(node, alias.name, { level, subqueries: place.reading.subqueryColumns })
  return new Relation(alias.name ?? functionName(node, place), renameColumns(columns, alias.columns))
}

/** PostgreSQL gives functions without an alias the name of the first one. */
const functionName = (node: Node, { reading }: Place) =>
  outputName(asList(asKind(asList(node['functions'])[0], 'List')?.['items'])[0], reading.subqueryColumns)

function readJoin(node: Node, place: Place, left: readonly Relation[]): FromItem {
  const a = readFrom(node['larg'], place, left)
  const b = readFrom(node['rarg'], place, [...left, ...a.relations])
  const relations = [...a.relations, ...b.relations]
  const sharedNames = node['isNatural'] === true ? naturalColumns(a, b) : readNames(node['usingClause']).map(String)
  const mergedColumns = sharedNames.map((name) => mergeColumn(name, a, b, place.reading))
  checkExpression(node['quals'], place, { relations, outer: place.outer })

  const unsharedColumns = ({ star }: FromItem) => star.filter(({ name }) => !sharedNames.includes(name))
  const star = [...mergedColumns, ...unsharedColumns(a), ...unsharedColumns(b)]
  const { name, columns } = aliasOf(node)
  if (name !== undefined) return oneRelation(new Relation(name, renameColumns(star, columns)))
  const usingAlias = asText(isNode(node['join_using_alias']) ? node['join_using_alias']['aliasname'] : undefined)
  return { relations: usingAlias === undefined ? relations : [...relations, new Relation(usingAlias, mergedColumns)], star }
}

const naturalColumns = (a: FromItem, b: FromItem): string[] =>
  a.star.map(({ name }) => name).filter((name) => b.star.some((column) => column.name === name))

/** The one column that USING makes of the two columns of this name. */
function mergeColumn(name: string, a: FromItem, b: FromItem, { usedMasks }: Place['reading']): Column {
  const [left, right] = [a, b].map(({ star }) => star.find((column) => column.name === name))
  if (!left || !right) throw noSuchColumn(name)
  for (const { usedColumns } of [...a.relations, ...b.relations]) usedColumns.add(name)
  const maskOf = left.maskOf ?? right.maskOf
  if (maskOf !== undefined) usedMasks.add(maskOf)
  // Which of the two PostgreSQL takes depends on the kind of join and on their types.
  return { name, shape: left.shape, maskOf }
}
