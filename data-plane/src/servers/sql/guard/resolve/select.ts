import { mustBePlain, use, useKey } from './expression.ts'
import { readFrom } from './from.ts'
import { outputName } from './output-name.ts'
import { maskedUse, noSuchColumn, refused } from '../syntax/refusal.ts'
import { allColumns, relationsNamed, renamed, resolve } from './scope.ts'
import type { Cte, Ctes, Level, Place, Relation } from './scope.ts'
import { stricter } from './tables.ts'
import type { Column } from './tables.ts'
import { asKind, isNode, list, names, text } from '../syntax/tree.ts'
import type { Node } from '../syntax/tree.ts'

/** PostgreSQL's own limit. */
const maxColumns = 1_664

/** Reads a query: finds its tables and columns in `place`, and answers its output columns. `early` hears those of a first UNION arm. */
export function readSelect(stmt: Node, place: Place, early?: (columns: Column[]) => void): Column[] {
  const inner = isNode(stmt['withClause']) ? { ...place, ctes: readCtes(stmt['withClause'], place) } : place
  use([stmt['limitOffset'], stmt['limitCount']], inner, place.outer)
  if (isNode(stmt['larg']) && isNode(stmt['rarg'])) return readSetOperation(stmt, stmt['larg'], stmt['rarg'], inner, early)
  if (stmt['valuesLists']) return readValues(stmt, inner)
  return readPlain(stmt, inner)
}

function readSetOperation(stmt: Node, left: Node, right: Node, place: Place, early?: (columns: Column[]) => void): Column[] {
  const a = readSelect(left, place)
  early?.(a)
  const b = readSelect(right, place)
  const columns = a.map((column, at) => ({ ...column, fate: stricter(column.fate, b[at]?.fate ?? 'plain') }))
  // All but UNION ALL compare the rows.
  if (stmt['op'] !== 'SETOP_UNION' || stmt['all'] !== true) mustBePlain(columns, [])
  for (const each of list(stmt['sortClause'])) useKey(each, { outputs: columns, place, level: undefined })
  return columns
}

function readValues(stmt: Node, place: Place): Column[] {
  use(stmt['valuesLists'], place, place.outer)
  const columns = list(asKind(list(stmt['valuesLists'])[0], 'List')?.['items']).map((_, at): Column => ({
    name: `column${at + 1}`,
    fate: 'plain',
  }))
  for (const each of list(stmt['sortClause'])) useKey(each, { outputs: columns, place, level: place.outer })
  return columns
}

function readPlain(stmt: Node, place: Place): Column[] {
  const relations: Relation[] = []
  const star: Column[] = []
  for (const each of list(stmt['fromClause'])) {
    const item = readFrom(each, place, relations)
    relations.push(...item.relations)
    star.push(...item.star)
  }
  const level: Level = { relations, outer: place.outer }
  const outputs = list(stmt['targetList']).flatMap((target) => readTarget(asKind(target, 'ResTarget') ?? {}, star, place, level))
  if (outputs.length > maxColumns) throw refused(`More than ${maxColumns} columns.`, 'Select fewer.')

  use([stmt['whereClause'], stmt['havingClause'], stmt['windowClause']], place, level)
  const distinct = list(stmt['distinctClause'])
  if (distinct.length > 0) mustBePlain(outputs, [])
  const query = { outputs, place, level }
  for (const each of list(stmt['groupClause'])) useKey(each, query, true)
  for (const each of [...distinct, ...list(stmt['sortClause'])]) useKey(each, query)
  return outputs
}

/** One entry of the select list. A masked column passes where it stands alone. */
function readTarget(target: Node, star: readonly Column[], place: Place, level: Level): Column[] {
  const alias = text(target['name'])
  const fields = asKind(target['val'], 'ColumnRef')?.['fields']
  if (fields === undefined) {
    use(target['val'], place, level)
    return [{ name: alias ?? outputName(target['val']), fate: 'plain' }]
  }

  const path = names(fields)
  if (path.at(-1) === undefined) return expand(path.slice(0, -1), star, level)
  const reference = resolve(path.map(String), level)
  if (reference.kind === 'row') use(target['val'], place, level)
  return [{ name: alias ?? path.at(-1) ?? '', fate: reference.kind === 'column' ? reference.fate : 'plain' }]
}

function expand(path: readonly (string | undefined)[], star: readonly Column[], level: Level): Column[] {
  const [name, schema, ...more] = path.toReversed()
  if (name === undefined) return allColumns(star, '*')
  const [relation] = more.length > 0 ? [] : relationsNamed(level, name, schema)
  if (!relation) throw noSuchColumn(`${path.join('.')}.*`)
  return allColumns(relation.columns, `${name}.*`)
}

function readCtes(clause: Node, place: Place): Ctes {
  const ctes: Ctes = { here: new Map(), outer: place.ctes }
  const all = list(clause['ctes']).map((each) => asKind(each, 'CommonTableExpr') ?? {})
  if (clause['recursive'] !== true) {
    // Each sees the ones before it, and not itself.
    for (const node of all) {
      const columns = cteColumns(node, { ...place, ctes })
      ctes.here.set(text(node['ctename']) ?? '', { columns: () => columns })
    }
    return ctes
  }
  for (const node of all) ctes.here.set(text(node['ctename']) ?? '', recursiveCte(node, { ...place, ctes }))
  for (const cte of ctes.here.values()) cte.columns()
  return ctes
}

function cteColumns(node: Node, place: Place, early?: (columns: Column[]) => void): Column[] {
  const rename = (columns: Column[]) => renamed(columns, names(node['aliascolnames']))
  return rename(readSelect(asKind(node['ctequery'], 'SelectStmt') ?? {}, place, early && ((columns) => early(rename(columns)))))
}

/** Read when first asked for; asked for by itself, it answers what its first arm brings. */
function recursiveCte(node: Node, place: Place): Cte {
  let columns: Column[] | undefined
  let reading = false
  let recursive = false
  return {
    columns() {
      if (reading) {
        recursive = true
        if (!columns) throw refused('The recursive query is not of the form A UNION ALL B.', 'Let only B refer to the query itself.')
        return columns
      }
      if (columns) return columns
      reading = true
      columns = cteColumns(node, place, (first) => (columns = first))
      reading = false
      const masked = recursive && columns.find(({ fate }) => fate !== 'plain')
      // Round by round a masked value could wander into a column that counts as plain.
      if (masked) throw maskedUse(masked.name)
      return columns
    },
  }
}
