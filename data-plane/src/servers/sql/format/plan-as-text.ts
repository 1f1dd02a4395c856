import { mayRead } from '@bir/sdk/contract/tables'
import type { TableRules } from '@bir/sdk/contract/tables'
import type { KnownTable } from '../guard/resolve/tables.ts'
import { isNode } from '../guard/syntax/tree.ts'
import type { Node } from '../guard/syntax/tree.ts'

const conditionKeys = ['Index Cond', 'Recheck Cond', 'Hash Cond', 'Merge Cond', 'Join Filter', 'Filter', 'Sort Key', 'Group Key']

/**
 * A plan as indented lines. For a view, a table with hidden columns, or one with row-level security, conditions and
 * names of indexes could reveal what the person may not see. Then the text has only the steps and their cost. A part
 * of a table has its name where the person may read it by itself.
 */
export function planAsText(plan: unknown, tables: readonly KnownTable[], rules: TableRules): string {
  const showsDetails = tables.every(
    ({ isView, hasRowSecurity, columns }) => !isView && !hasRowSecurity && columns.every(({ fate }) => fate !== 'hidden'),
  )
  const tableNames = new Set(tables.map(({ schema, table }) => `${schema}.${table}`))
  const partNames = new Set(tables.flatMap(({ isView, underlyingTables }) => (isView ? [] : underlyingTables)))
  const root = Array.isArray(plan) && isNode(plan[0]) ? plan[0]['Plan'] : undefined
  const lines = [...planLines(root, 0)]
  return [...lines, ...(showsDetails ? [] : ['(conditions and indexes are not shown for these tables)'])].join('\n')

  function* planLines(value: unknown, depth: number): Generator<string> {
    if (!isNode(value)) return
    const indent = '  '.repeat(depth)
    yield `${indent}${depth === 0 ? '' : '-> '}${title(value)}  (cost=${readField(value, 'Startup Cost')}..${readField(value, 'Total Cost')} rows=${readField(value, 'Plan Rows')})`
    const shownKeys = showsDetails ? conditionKeys.filter((name) => name in value) : []
    for (const name of shownKeys) yield `${indent}     ${name}: ${[value[name]].flat().join(', ')}`
    for (const inner of Array.isArray(value['Plans']) ? value['Plans'] : []) yield* planLines(inner, depth + 1)
  }

  function title(node: Node): string {
    const [schema, table] = [readField(node, 'Schema'), readField(node, 'Relation Name')]
    const relation = `${schema}.${table}`
    const isNamed = tableNames.has(relation) || (partNames.has(relation) && mayRead(rules, { schema, table }))
    const join = readField(node, 'Join Type').replace('Inner', '')
    const index = showsDetails ? readField(node, 'Index Name') : ''
    return [
      join && `${join} `,
      readField(node, 'Node Type'),
      index && ` using ${index}`,
      table && ` on ${isNamed ? relation : 'an inner table'}`,
    ].join('')
  }
}

function readField(node: Node, name: string): string {
  const value = node[name]
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}
