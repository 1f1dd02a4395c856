import { checkBounds } from './bounds.ts'
import { ALLOWED_FUNCTIONS, ALLOWED_OPERATORS, ALLOWED_TYPES, EXTENSION_FUNCTIONS } from './syntax/allowed-names.ts'
import { ALLOWED_NODES, KIND_BY_FIELD, REFUSAL_REASONS } from './syntax/allowed-nodes.ts'
import type { Span } from './parser/places.ts'
import { refusal } from './syntax/refusal.ts'
import { asKind, asList, asTagged, asText, isNode, readNames } from './syntax/tree.ts'
import type { Node } from './syntax/tree.ts'

/** The names a statement mentions. `resolve/` finds out later which tables and columns they mean. */
export interface Mentions {
  /** Every name in a FROM. Names of common table expressions are among them. */
  tables: { schema: string | undefined; name: string }[]
  functions: Set<string>
  /** Where the statement calls one of PostgreSQL's own functions by its bare name. */
  bareFunctions: Span[]
  /** The signs of operators, and functions of extensions: names that a schema of the database could give a meaning. */
  operators: Set<string>
  extensionFunctions: Set<string>
  /** The highest n of the parameters $n. */
  params: number
  /** Every other name the walk has read: aliases, columns, functions, types. The tripwire needs them. */
  nonTableNames: Set<string>
}

/** What the checks of one statement share. */
interface Walk {
  mentions: Mentions
  /** Functions that the administrator allows beside the built-in list: `name` or `schema.name`. */
  addedFunctions: ReadonlySet<string>
  /** Calls that stand directly in a FROM, where `unnest(a, b)` is a syntax of its own. */
  callsInFrom: Set<unknown>
}

/** BETWEEN, IN (SELECT …), simple CASE, USING and NATURAL look for these operators without naming them. */
const implicitOperators = ['=', '<=', '>=']

/** Walks the whole tree and refuses every kind of node, function, type and operator that no allow-list names. */
export function checkAllowed(statement: unknown, addedFunctions: ReadonlySet<string>): Mentions {
  const kind = asTagged(statement)?.kind ?? ''
  if (kind !== 'SelectStmt') throw notAccepted(kind, REFUSAL_REASONS[kind] ?? 'only one SELECT, VALUES or TABLE is')
  const mentions: Mentions = {
    tables: [],
    functions: new Set(),
    bareFunctions: [],
    operators: new Set(implicitOperators),
    extensionFunctions: new Set(),
    params: 0,
    nonTableNames: new Set(),
  }
  visit(statement, '', '', { mentions, addedFunctions, callsInFrom: new Set() })
  return mentions
}

/** `field` is the field of the node of the kind `parentKind` that holds `value`. */
function visit(value: unknown, parentKind: string, field: string, walk: Walk): void {
  if (Array.isArray(value)) return value.forEach((item) => visit(item, parentKind, field, walk))
  // The parser writes a null in a list, and a zero, as an empty object.
  if (!isNode(value) || Object.keys(value).length === 0) return
  const tagged = asTagged(value)
  const kind = tagged?.kind ?? kindOfField(parentKind, field)
  const node = tagged?.node ?? value
  if (kind === 'RangeFunction') noteCallsInFrom(node, walk)
  checkFields(kind, node, walk)
  noteNames(kind, node, walk.mentions)
  checks[kind]?.(node, walk)
}

function kindOfField(parentKind: string, field: string): string {
  const key = [`${parentKind}.${field}`, field].find((name) => Object.hasOwn(KIND_BY_FIELD, name))
  return key === undefined ? field : (KIND_BY_FIELD[key] ?? field)
}

function checkFields(kind: string, node: Node, walk: Walk): void {
  const allowedFields = ALLOWED_NODES.get(kind)
  if (!allowedFields) throw notAccepted(kind, REFUSAL_REASONS[kind])
  for (const [field, value] of Object.entries(node)) {
    // The parser process adds the place of a name; see parser/places.ts.
    if (field === 'place') continue
    if (!allowedFields.has(field)) throw notAccepted(`${kind}.${field}`, REFUSAL_REASONS[field])
    // A constant holds no nodes. Its text is data, so it must not count as a name that the walk has read.
    if (kind !== 'A_Const') visit(value, kind, field, walk)
  }
}

function noteNames(kind: string, node: Node, { nonTableNames }: Mentions): void {
  if (kind === 'RangeVar') return
  for (const field of ['sval', 'name', 'refname', 'aliasname', 'ctename', 'colname'] as const) {
    const name = node[field]
    if (typeof name === 'string') nonTableNames.add(name)
  }
}

/** What has to be checked or noted beyond the fields of a node, by its kind. */
const checks: Readonly<Record<string, (node: Node, walk: Walk) => void>> = {
  RangeVar: noteTable,
  ParamRef: noteParam,
  FuncCall: checkFunction,
  TypeName: checkType,
  A_Expr(node, walk) {
    // BETWEEN is no operator, although the parser writes it as one.
    if (!String(node['kind']).includes('BETWEEN')) checkOperator(node['name'], walk)
  },
  SubLink: (node, walk) => checkOperator(node['operName'], walk),
  SortBy: (node, walk) => checkOperator(node['useOp'], walk),
  CollateClause: checkCollation,
  A_Indirection: checkIndirection,
  SQLValueFunction: checkValueFunction,
  RangeTableSample: checkSampling,
}

function noteTable(node: Node, { mentions }: Walk): void {
  mentions.tables.push({ schema: asText(node['schemaname']), name: asText(node['relname']) ?? '' })
}

function noteParam(node: Node, { mentions }: Walk): void {
  mentions.params = Math.max(mentions.params, Number(node['number']))
}

function noteCallsInFrom(node: Node, { callsInFrom }: Walk): void {
  for (const item of asList(node['functions'])) callsInFrom.add(asKind(asList(asKind(item, 'List')?.['items'])[0], 'FuncCall'))
}

function checkFunction(node: Node, { mentions, addedFunctions, callsInFrom }: Walk): void {
  const [name = '', schema] = readNames(node['funcname']).reverse()
  const qualifiedName = [schema, name].filter(Boolean).join('.')
  const isBuiltIn = isPostgresOwn(schema) && ALLOWED_FUNCTIONS.has(name)
  if (!isBuiltIn && !addedFunctions.has(qualifiedName))
    throw refusal(`The function ${qualifiedName} is not accepted.`, 'Use common aggregates, text, date, number, JSON and window functions.')
  mentions.functions.add(name)
  if (name === 'extract') noteExtractedField(node, mentions)
  if (!isBuiltIn) return
  checkBounds(name, asList(node['args']))
  if (schema !== undefined) return
  if (EXTENSION_FUNCTIONS.has(name)) mentions.extensionFunctions.add(name)
  else if (!addedFunctions.has(name) && !isUnnestSyntax(name, node, callsInFrom)) noteBareFunction(name, node, mentions)
}

/**
 * A function of a user's schema with the same name could fit the arguments better than PostgreSQL's own. So the
 * statement that is sent names PostgreSQL's own by its schema.
 */
function noteBareFunction(name: string, node: Node, { bareFunctions }: Mentions): void {
  const place = node['place']
  if (!isNode(place)) throw refusal(`The function ${name} could not be placed.`, 'Write its name plainly.')
  bareFunctions.push({ start: Number(place['start']), end: Number(place['end']) })
}

const plainCallFields = new Set(['funcname', 'args', 'funcformat', 'place'])

/**
 * `unnest(a, b)` directly in FROM is a syntax of its own, which always means PostgreSQL's function and has no form with
 * a schema (transformRangeFunction of parse_clause.c). With VARIADIC, DISTINCT or the like it is a call.
 */
const isUnnestSyntax = (name: string, node: Node, callsInFrom: ReadonlySet<unknown>): boolean =>
  name === 'unnest' &&
  asList(node['args']).length > 1 &&
  callsInFrom.has(node) &&
  Object.keys(node).every((field) => plainCallFields.has(field))

/** In `extract(epoch from …)` the parser turns the bare word `epoch` into a constant, which the walk does not enter. */
function noteExtractedField(node: Node, { nonTableNames }: Mentions): void {
  const constant = asKind(asList(node['args'])[0], 'A_Const')?.['sval']
  const field = isNode(constant) ? constant['sval'] : undefined
  if (typeof field === 'string') nonTableNames.add(field)
}

function checkType(node: Node): void {
  const [name, schema] = readNames(node['names']).reverse()
  if (isPostgresOwn(schema) && ALLOWED_TYPES.has(name ?? '')) return
  throw refusal(`The type ${name} is not accepted in a cast.`, 'Cast to text, numbers, dates, json or uuid.')
}

/** An operator of a user's schema would call a function of that schema. */
function checkOperator(operatorName: unknown, { mentions }: Walk): void {
  if (operatorName === undefined) return
  const [sign = '', schema] = readNames(operatorName).reverse()
  if (isPostgresOwn(schema) && ALLOWED_OPERATORS.has(sign)) {
    if (schema === undefined) mentions.operators.add(sign)
    return
  }
  throw refusal(`The operator ${sign} is not accepted.`, "Use PostgreSQL's own operators, without a schema.")
}

function checkCollation(node: Node): void {
  const [, schema] = readNames(node['collname']).reverse()
  if (!isPostgresOwn(schema)) throw refusal('The collation is not accepted.', 'Leave its schema out.')
}

/** `(x).f` reads the field f or calls the function f. The checks of columns and functions would see neither. */
function checkIndirection(node: Node): void {
  if (asList(node['indirection']).some((step) => asTagged(step)?.kind !== 'A_Indices'))
    throw refusal('Selecting a field out of an expression is not accepted.', 'Name columns as table.column.')
}

/**
 * Accepts CURRENT_DATE, LOCALTIME and the like. Other keywords of this kind, such as CURRENT_USER, describe the
 * session.
 */
function checkValueFunction(node: Node): void {
  if (/^SVFOP_(CURRENT_DATE|(CURRENT|LOCAL)_?TIME(STAMP)?(_N)?)$/.test(String(node['op']))) return
  const name = String(node['op']).replace(/^SVFOP_|_N$/g, '')
  throw refusal(`${name} is not accepted: it asks for the database session.`, 'meta_whoami tells who you are.')
}

function checkSampling(node: Node): void {
  const [method, ...schemas] = readNames(node['method']).reverse()
  if (schemas.length === 0 && (method === 'bernoulli' || method === 'system')) return
  throw refusal('The sampling method is not accepted.', 'Use TABLESAMPLE BERNOULLI or SYSTEM.')
}

const isPostgresOwn = (schema: string | undefined) => schema === undefined || schema === 'pg_catalog'

const notAccepted = (construct: string, reason: string | undefined) =>
  refusal(`Not accepted: ${reason ?? construct}.`, 'One SELECT (with joins, CTEs, set operations, windows) is accepted.')
