import { checkBounds } from './bounds.ts'
import { FUNCTIONS, OPERATORS, TYPES } from './syntax/allowed-names.ts'
import { NODES, UNTAGGED, WORDS } from './syntax/allowed-nodes.ts'
import { refused } from './syntax/refusal.ts'
import { asKind, isNode, list, names, tagged, text } from './syntax/tree.ts'
import type { Node } from './syntax/tree.ts'

/** What the statement says by name, told apart from what it means. */
export interface Mentions {
  /** Tables in any FROM, common table expressions among them. */
  tables: { schema: string | undefined; name: string }[]
  functions: Set<string>
  /** The highest $n. */
  params: number
  /** Every name the walk understood, tables aside. */
  understood: Set<string>
}

/** Steps 4 and 5: only known kinds of nodes, functions, types and operators, at any depth. */
export function checkAllowed(statement: unknown, added: ReadonlySet<string>): Mentions {
  const mentions: Mentions = { tables: [], functions: new Set(), params: 0, understood: new Set() }
  const kind = tagged(statement)?.kind
  if (kind !== 'SelectStmt') throw notAccepted(kind ?? '', WORDS[kind ?? ''] ?? 'only one SELECT, VALUES or TABLE is')
  visit(statement, '')
  return mentions

  function visit(value: unknown, part: string): void {
    if (Array.isArray(value)) return value.forEach((each) => visit(each, part))
    // An empty object is how the parser writes a null in a list, or a zero.
    if (!isNode(value) || Object.keys(value).length === 0) return
    const found = tagged(value)
    const kind = found?.kind ?? UNTAGGED[part] ?? part
    const node = found?.node ?? value
    const parts = NODES.get(kind)
    if (!parts) throw notAccepted(kind, WORDS[kind])
    for (const [name, inner] of Object.entries(node)) {
      if (!parts.has(name)) throw notAccepted(`${kind}.${name}`, WORDS[name])
      // Data in quotes holds no nodes and explains no name.
      if (kind !== 'A_Const') visit(inner, name)
    }
    check(kind, node)
  }

  function check(kind: string, node: Node): void {
    for (const part of ['sval', 'name', 'refname', 'aliasname', 'ctename', 'colname'] as const) understand(kind, node[part])
    if (kind === 'RangeVar') return mention(node)
    if (kind === 'FuncCall') return checkFunction(node)
    if (kind === 'ParamRef') mentions.params = Math.max(mentions.params, Number(node['number']))
    if (kind === 'TypeName') return checkType(node)
    if (kind === 'A_Expr') return checkOperator(node['kind'], node['name'])
    if (kind === 'SubLink') return checkOperator('', node['operName'])
    if (kind === 'SortBy') return checkOperator('', node['useOp'])
    if (kind === 'CollateClause') return checkCollation(node)
    if (kind === 'A_Indirection') return checkIndirection(node)
    if (kind === 'SQLValueFunction') return checkValueFunction(node)
    if (kind === 'RangeTableSample') return checkSample(node)
  }

  function understand(kind: string, name: unknown): void {
    if (typeof name === 'string' && kind !== 'RangeVar') mentions.understood.add(name)
  }

  function mention(node: Node): void {
    mentions.tables.push({ schema: text(node['schemaname']), name: text(node['relname']) ?? '' })
  }

  function checkFunction(node: Node): void {
    const [name, schema] = names(node['funcname']).reverse()
    const full = [schema, name].filter(Boolean).join('.')
    const builtIn = (schema === undefined || schema === 'pg_catalog') && FUNCTIONS.has(name ?? '')
    if (!builtIn && !added.has(full))
      throw refused(`The function ${full} is not accepted.`, 'Use common aggregates, text, date, number, JSON and window functions.')
    mentions.functions.add(name ?? '')
    if (name === 'extract') understandField(node)
    if (builtIn) checkBounds(name ?? '', list(node['args']))
  }

  /** `extract(epoch from …)`: the grammar turns a bare word into data. */
  function understandField(node: Node): void {
    const field = asKind(list(node['args'])[0], 'A_Const')?.['sval']
    if (isNode(field)) understand('String', field['sval'])
  }
}

function checkType(node: Node): void {
  const [name, schema] = names(node['names']).reverse()
  if ((schema === undefined || schema === 'pg_catalog') && TYPES.has(name ?? '')) return
  throw refused(`The type ${name} is not accepted in a cast.`, 'Cast to text, numbers, dates, json or uuid.')
}

/** Operators of a user's schema call that schema's functions. */
function checkOperator(kind: unknown, name: unknown): void {
  if (name === undefined || String(kind).includes('BETWEEN')) return
  const [sign, schema] = names(name).reverse()
  if ((schema === undefined || schema === 'pg_catalog') && OPERATORS.has(sign ?? '')) return
  throw refused(`The operator ${sign} is not accepted.`, "Use PostgreSQL's own operators, without a schema.")
}

function checkCollation(node: Node): void {
  const [, schema] = names(node['collname']).reverse()
  if (schema !== undefined && schema !== 'pg_catalog') throw refused('The collation is not accepted.', 'Leave its schema out.')
}

/** `(x).f` reads a field or calls the function f: both would pass by the checks of columns and functions. */
function checkIndirection(node: Node): void {
  if (list(node['indirection']).some((step) => tagged(step)?.kind !== 'A_Indices'))
    throw refused('Selecting a field out of an expression is not accepted.', 'Name columns as table.column.')
}

function checkValueFunction(node: Node): void {
  if (/^SVFOP_(CURRENT_DATE|(CURRENT|LOCAL)_?TIME(STAMP)?(_N)?)$/.test(String(node['op']))) return
  throw refused('Asking for the database session is not accepted.', 'meta_whoami tells who you are.')
}

function checkSample(node: Node): void {
  const [method, ...more] = names(node['method']).reverse()
  if (more.length === 0 && (method === 'bernoulli' || method === 'system')) return
  throw refused('The sampling method is not accepted.', 'Use TABLESAMPLE BERNOULLI or SYSTEM.')
}

const notAccepted = (kind: string, why: string | undefined) =>
  refused(`Not accepted: ${why ?? kind}.`, 'One SELECT (with joins, CTEs, set operations, windows) is accepted.')
