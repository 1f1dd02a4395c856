import { checkExpression, checkKey, noteQualifiedColumn, starColumns } from './expression.ts'
import { readFrom } from './from.ts'
import { isPlainGrouping, noteGroupKeys } from './group-keys.ts'
import { outputName } from './output-name.ts'
import { refusal } from '../syntax/refusal.ts'
import { renameColumns, resolveColumn } from './scope.ts'
import type { Cte, Ctes, Level, Place, Relation } from './scope.ts'
import { shapeOf } from './shape.ts'
import { hasClosedColumns } from './tables.ts'
import type { Column } from './tables.ts'
import { asKind, asList, asText, isNode, readNames } from '../syntax/tree.ts'
import type { Node } from '../syntax/tree.ts'

/** PostgreSQL's own limit, MaxTupleAttributeNumber. */
const maxColumns = 1_664

type OnFirstArm = (columns: Column[]) => void

/**
 * Resolves a query and returns its output columns. Refuses by throwing. For a set operation, `onFirstArm` gets the
 * columns of the first arm before the second is read: a recursive query needs them.
 */
export function readSelect(stmt: Node, place: Place, onFirstArm?: OnFirstArm): Column[] {
  const inner = isNode(stmt['withClause']) ? { ...place, ctes: readCtes(stmt['withClause'], place) } : place
  checkExpression([stmt['limitOffset'], stmt['limitCount']], inner, place.outer)
  if (isNode(stmt['larg']) && isNode(stmt['rarg'])) return readSetOperation(stmt, stmt['larg'], stmt['rarg'], inner, onFirstArm)
  if (stmt['valuesLists']) return readValues(stmt, inner)
  return readPlain(stmt, inner)
}

function readSetOperation(stmt: Node, left: Node, right: Node, place: Place, onFirstArm?: OnFirstArm): Column[] {
  const a = readSelect(left, place)
  onFirstArm?.(a)
  const b = readSelect(right, place)
  const columns = a.map(({ name, shape, maskOf }, index): Column => ({ name, shape, maskOf: maskOf ?? b[index]?.maskOf }))
  for (const key of asList(stmt['sortClause'])) checkKey(key, { outputs: columns, place, level: undefined })
  return columns
}

function readValues(stmt: Node, place: Place): Column[] {
  checkExpression(stmt['valuesLists'], place, place.outer)
  const rows = asList(stmt['valuesLists']).map((row) => asList(asKind(row, 'List')?.['items']))
  const known = { level: place.outer, subqueries: place.reading.subqueryColumns }
  const columns = (rows[0] ?? []).map((value, index): Column => ({ name: `column${index + 1}`, shape: shapeOf(value, known) }))
  for (const key of asList(stmt['sortClause'])) checkKey(key, { outputs: columns, place, level: place.outer })
  return columns
}

function readPlain(stmt: Node, place: Place): Column[] {
  const relations: Relation[] = []
  const star: Column[] = []
  for (const item of asList(stmt['fromClause'])) {
    const fromItem = readFrom(item, place, relations)
    relations.push(...fromItem.relations)
    star.push(...fromItem.star)
  }
  const level: Level = { relations, outer: place.outer }
  const outputs = asList(stmt['targetList']).flatMap((target) => readTarget(asKind(target, 'ResTarget') ?? {}, star, place, level))
  if (outputs.length > maxColumns) throw refusal(`More than ${maxColumns} columns.`, 'Select fewer.')

  checkExpression([stmt['whereClause'], stmt['havingClause'], stmt['windowClause']], place, level)
  const query = { outputs, place, level }
  const groupClause = asList(stmt['groupClause'])
  for (const key of groupClause) checkKey(key, query, true)
  for (const key of [...asList(stmt['distinctClause']), ...asList(stmt['sortClause'])]) checkKey(key, query)
  if (isPlainGrouping(groupClause)) noteGroupKeys(groupClause, place, level)
  return outputs
}

/** Resolves one entry of the select list. */
function readTarget(target: Node, star: readonly Column[], place: Place, level: Level): Column[] {
  const { reading } = place
  const alias = asText(target['name'])
  const value = target['val']
  const ref = asKind(value, 'ColumnRef')
  if (!ref) {
    checkExpression(value, place, level)
    const shape = shapeOf(value, { level, subqueries: reading.subqueryColumns })
    return [{ name: alias ?? outputName(value, reading.subqueryColumns), shape }]
  }

  const path = readNames(ref['fields'])
  noteQualifiedColumn(ref, path, reading, level)
  if (path.at(-1) === undefined) return [...starColumns(path.slice(0, -1), level, star)]
  const reference = resolveColumn(path.map(String), level)
  const name = alias ?? path.at(-1) ?? ''
  if (reference.kind === 'column') return [{ ...reference.column, name }]
  checkExpression(value, place, level)
  const { origin } = reference.relation
  return [{ name, shape: 'row', origin: origin && !hasClosedColumns(origin.table) ? { oid: origin.table.oid, number: 0 } : undefined }]
}

function readCtes(clause: Node, place: Place): Ctes {
  const ctes: Ctes = { byName: new Map(), outer: place.ctes }
  const nodes = asList(clause['ctes']).map((item) => asKind(item, 'CommonTableExpr') ?? {})
  if (clause['recursive'] !== true) {
    // Without RECURSIVE, a common table expression may refer to those before it, but not to itself.
    for (const node of nodes) {
      const columns = readCte(node, { ...place, ctes })
      ctes.byName.set(asText(node['ctename']) ?? '', { columns: () => columns })
    }
    return ctes
  }
  for (const node of nodes) ctes.byName.set(asText(node['ctename']) ?? '', recursiveCte(node, { ...place, ctes }))
  for (const cte of ctes.byName.values()) cte.columns()
  return ctes
}

function readCte(node: Node, place: Place, onFirstArm?: OnFirstArm): Column[] {
  const rename = (columns: Column[]) => renameColumns(columns, readNames(node['aliascolnames']))
  const query = asKind(node['ctequery'], 'SelectStmt') ?? {}
  return rename(readSelect(query, place, onFirstArm && ((columns) => onFirstArm(rename(columns)))))
}

/**
 * A common table expression under WITH RECURSIVE. It is read when its columns are first needed, because it may refer
 * to one that is written after it. A reference to itself gets the columns of its first arm.
 */
function recursiveCte(node: Node, place: Place): Cte {
  let columns: Column[] | undefined
  let isBeingRead = false
  return {
    columns() {
      if (isBeingRead) {
        if (!columns) throw refusal('The recursive query is not of the form A UNION ALL B.', 'Let only B refer to the query itself.')
        return columns
      }
      if (columns) return columns
      isBeingRead = true
      columns = readCte(node, place, (firstArmColumns) => (columns = firstArmColumns))
      isBeingRead = false
      return columns
    },
  }
}
