import type { KnownTable } from '../guard/resolve/tables.ts'
import { isNode } from '../guard/syntax/tree.ts'
import type { Node } from '../guard/syntax/tree.ts'

const conditions = ['Index Cond', 'Recheck Cond', 'Hash Cond', 'Merge Cond', 'Join Filter', 'Filter', 'Sort Key', 'Group Key']

/**
 * A plan as indented lines. Behind a view, beside hidden columns or under row security, conditions and index names would tell
 * of what the person may not see: there only the steps and their cost are shown.
 */
export function planAsText(plan: unknown, tables: readonly KnownTable[]): string {
  const open = tables.every(({ view, policed, columns }) => !view && !policed && columns.every(({ fate }) => fate !== 'hidden'))
  const named = new Set(tables.map(({ schema, table }) => `${schema}.${table}`))
  const root = Array.isArray(plan) && isNode(plan[0]) ? plan[0]['Plan'] : undefined
  const lines = [...linesOf(root, 0)]
  return [...lines, ...(open ? [] : ['(conditions and indexes are not shown for these tables)'])].join('\n')

  function* linesOf(value: unknown, depth: number): Generator<string> {
    if (!isNode(value)) return
    const indent = '  '.repeat(depth)
    yield `${indent}${depth === 0 ? '' : '-> '}${title(value)}  (cost=${said(value, 'Startup Cost')}..${said(value, 'Total Cost')} rows=${said(value, 'Plan Rows')})`
    const shown = open ? conditions.filter((name) => name in value) : []
    for (const name of shown) yield `${indent}     ${name}: ${[value[name]].flat().join(', ')}`
    for (const inner of Array.isArray(value['Plans']) ? value['Plans'] : []) yield* linesOf(inner, depth + 1)
  }

  function title(node: Node): string {
    const relation = `${said(node, 'Schema')}.${said(node, 'Relation Name')}`
    const join = said(node, 'Join Type').replace('Inner', '')
    const index = open ? said(node, 'Index Name') : ''
    return [
      join && `${join} `,
      said(node, 'Node Type'),
      index && ` using ${index}`,
      node['Relation Name'] ? ` on ${named.has(relation) ? relation : 'an inner table'}` : '',
    ].join('')
  }
}

function said(node: Node, name: string): string {
  const value = node[name]
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}
