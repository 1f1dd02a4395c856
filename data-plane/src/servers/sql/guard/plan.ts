import { isNode } from './syntax/tree.ts'
import type { Node } from './syntax/tree.ts'
import type { KnownTable } from './resolve/tables.ts'
import { refused } from './syntax/refusal.ts'

/** Every node of a plan as EXPLAIN (FORMAT JSON) tells it. */
function* planNodes(value: unknown): Generator<Node> {
  if (Array.isArray(value)) for (const each of value) yield* planNodes(each)
  if (!isNode(value)) return
  if ('Node Type' in value) yield value
  for (const inner of Object.values(value)) yield* planNodes(inner)
}

/** Step 10: PostgreSQL itself says what it would read; it must be what the guard found, with parts and what views are made of. */
export function checkPlan(plan: unknown, tables: readonly KnownTable[], functions: ReadonlySet<string>): void {
  const expected = new Set(tables.flatMap(({ reaches }) => reaches))
  const views = tables.some(({ view }) => view)
  for (const node of planNodes(plan)) {
    const relation = node['Relation Name']
    const functionName = node['Function Name']
    const strangeTable = typeof relation === 'string' && !expected.has(`${String(node['Schema'])}.${relation}`)
    // What functions a view calls is its owner's business.
    const strangeFunction = typeof functionName === 'string' && !views && !functions.has(functionName)
    if (strangeTable || strangeFunction)
      throw refused('The database would read more than the statement says.', 'Write it without functions or views of your own schema.')
  }
}
