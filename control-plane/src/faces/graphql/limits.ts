import { GraphQLError, Kind } from 'graphql'
import type { DocumentNode, FieldNode, OperationDefinitionNode, SelectionSetNode, ValueNode } from 'graphql'
import { createIntrospectionWeigher, isIntrospection } from './introspection.ts'
import type { Fragments } from './introspection.ts'

/** How deep a query may nest. The deepest type of the schema needs 6. Introspection has limits of its own. */
const maxDepth = 12
/** The maximum cost of a query. A field costs 1, times the sizes of the pages that it is in. */
const maxCost = 50_000
/** The extra cost of each field at the root, so that a query with a thousand aliases is costly too. */
const rootCost = 100
/** The sizes of a page, as the contract has them. */
const defaultFirst = 100
const maxFirst = 1000
/** The one page that is no connection, and the size that it has without `first`. */
const plainPage = { field: 'auditChain', defaultFirst: 500 }

export const MAX_TOKENS = 10_000

type Variables = Readonly<Record<string, unknown>>
/** The value of an argument or of a default: a number, undefined when it is left out, or NaN for all else. */
type SizeOf = (value: ValueNode | undefined) => number | undefined

interface Weight {
  depth: number
  cost: number
  /** How many fields it has itself, those of its fragments among them. */
  fields: number
  /** What is wrong with the introspection in it. */
  fault?: string | undefined
}

/**
 * The error of a query that exceeds a limit, or undefined. Call it after validation, which refuses cycles of
 * fragments.
 */
export function limitError(document: DocumentNode, variables: Variables): GraphQLError | undefined {
  const fragments = new Map(
    document.definitions.flatMap((node) => (node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node] as const] : [])),
  )
  for (const operation of document.definitions) {
    if (operation.kind !== Kind.OPERATION_DEFINITION) continue
    const weigh = createWeigher(fragments, createSizeReader(operation, variables))
    const { depth, cost, fields, fault } = weigh(operation.selectionSet)
    if (fault !== undefined) return errorOf(fault)
    if (depth > maxDepth) return errorOf(`The question nests ${depth} deep; ${maxDepth} is the most.`)
    if (cost + fields * rootCost > maxCost) return errorOf(`The question asks for too much: ask for fewer fields or smaller pages.`)
  }
  return undefined
}

const errorOf = (message: string) => new GraphQLError(message, { extensions: { code: 'invalid_input' } })

function createWeigher(fragments: Fragments, sizeOf: SizeOf) {
  /** Each fragment is weighed once, so that nested fragments cannot make the weighing itself slow. */
  const fragmentWeights = new Map<string, Weight>()
  const weighIntrospection = createIntrospectionWeigher(fragments)

  function fragment(name: string): Weight {
    const weight = fragmentWeights.get(name) ?? (fragments.has(name) ? set(fragments.get(name)?.selectionSet) : noWeight)
    fragmentWeights.set(name, weight)
    return weight
  }

  function field(node: FieldNode): Weight {
    if (isIntrospection(node)) return { ...weighIntrospection(node), depth: 1, fields: 1 }
    const { depth, cost, fault } = set(node.selectionSet)
    return { depth: depth + 1, cost: 1 + costWithPage(node, cost, sizeOf), fields: 1, fault }
  }

  function set(selectionSet: SelectionSetNode | undefined): Weight {
    const weights = (selectionSet?.selections ?? []).map((node) => {
      if (node.kind === Kind.FIELD) return field(node)
      return node.kind === Kind.FRAGMENT_SPREAD ? fragment(node.name.value) : set(node.selectionSet)
    })
    return weights.reduce(sum, noWeight)
  }
  return set
}

const noWeight: Weight = { depth: 0, cost: 0, fields: 0 }

const sum = (a: Weight, b: Weight): Weight => ({
  depth: Math.max(a.depth, b.depth),
  cost: a.cost + b.cost,
  fields: a.fields + b.fields,
  fault: a.fault ?? b.fault,
})

/** What the fields in this field cost in its page. A page that is no connection costs at least its size. */
function costWithPage(node: FieldNode, cost: number, sizeOf: SizeOf): number {
  const first = node.arguments?.find(({ name }) => name.value === 'first')?.value
  if (isConnection(node)) return pageSize(sizeOf(first), defaultFirst) * cost
  if (node.name.value === plainPage.field) return pageSize(sizeOf(first), plainPage.defaultFirst) + cost
  return cost
}

/** By its fields, because only connections have them. A fragment may have them too. */
const isConnection = ({ selectionSet }: FieldNode): boolean =>
  selectionSet?.selections.some((inner) => inner.kind !== Kind.FIELD || connectionFields.has(inner.name.value)) ?? false

const connectionFields: ReadonlySet<string> = new Set(['edges', 'pageInfo'])

/** A size that no page may have weighs as the longest page: the operation refuses it, and no field gets cheaper. */
function pageSize(size: number | undefined, defaultSize: number): number {
  if (size === undefined) return defaultSize
  return Number.isInteger(size) && size >= 1 && size <= maxFirst ? size : maxFirst
}

/** Reads sizes as the execution of this operation would, with the defaults of its variables. */
function createSizeReader({ variableDefinitions = [] }: OperationDefinitionNode, variables: Variables): SizeOf {
  const defaults = new Map(variableDefinitions.map(({ variable, defaultValue }) => [variable.name.value, defaultValue]))
  return (value) => {
    if (value?.kind !== Kind.VARIABLE) return literalSize(value)
    const name = value.name.value
    const given = Object.hasOwn(variables, name) ? variables[name] : undefined
    if (given === undefined) return literalSize(defaults.get(name))
    return given === null ? undefined : sizeOfJson(given)
  }
}

const literalSize = (value: ValueNode | undefined): number | undefined =>
  value === undefined || value.kind === Kind.NULL ? undefined : value.kind === Kind.INT ? Number(value.value) : Number.NaN

const sizeOfJson = (value: unknown): number => (typeof value === 'number' ? value : Number.NaN)
