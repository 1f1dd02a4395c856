import { isNode } from './syntax/tree.ts'
import type { Node } from './syntax/tree.ts'
import type { KnownTable } from './resolve/tables.ts'
import { refusal } from './syntax/refusal.ts'

/** Every node of a plan in the format of EXPLAIN (FORMAT JSON). */
function* planNodes(value: unknown): Generator<Node> {
  if (Array.isArray(value)) for (const item of value) yield* planNodes(item)
  if (!isNode(value)) return
  if ('Node Type' in value) yield value
  for (const inner of Object.values(value)) yield* planNodes(inner)
}

/**
 * Compares PostgreSQL's own plan with what the guard resolved. The plan may scan the resolved tables, their parts and
 * the tables behind views, and nothing else. It may call only functions that the statement mentions.
 */
export function checkPlan(plan: unknown, tables: readonly KnownTable[], functions: ReadonlySet<string>): void {
  const expectedTables = new Set(tables.flatMap(({ underlyingTables }) => underlyingTables))
  const readsView = tables.some(({ isView }) => isView)
  for (const node of planNodes(plan)) {
    const relation = node['Relation Name']
    const functionName = node['Function Name']
    const isStrangeTable = typeof relation === 'string' && !expectedTables.has(`${String(node['Schema'])}.${relation}`)
    // The owner of a view decides which functions the view calls.
    const isStrangeFunction = typeof functionName === 'string' && !readsView && !functions.has(functionName)
    if (isStrangeTable || isStrangeFunction)
      throw refusal('The database would read more than the statement says.', 'Write it without functions or views of your own schema.')
  }
}
