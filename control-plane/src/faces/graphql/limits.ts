import { GraphQLError, Kind } from 'graphql'
import type { DocumentNode, FieldNode, SelectionSetNode } from 'graphql'
import { createIntrospectionWeigher, isIntrospection } from './introspection.ts'
import type { Fragments } from './introspection.ts'

/** How deep a query may nest. The deepest type of the schema needs 6. Introspection has limits of its own. */
const maxDepth = 12
/** The maximum cost of a query. A field costs 1, times the sizes of the pages that it is in. */
const maxCost = 50_000
/** The extra cost of each field at the root, so that a query with a thousand aliases is costly too. */
const rootCost = 100
const defaultFirst = 100

export const MAX_TOKENS = 10_000

type Variables = Readonly<Record<string, unknown>>

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
  const weigh = createWeigher(fragments, variables)
  for (const operation of document.definitions) {
    if (operation.kind !== Kind.OPERATION_DEFINITION) continue
    const { depth, cost, fields, fault } = weigh(operation.selectionSet)
    if (fault !== undefined) return errorOf(fault)
    if (depth > maxDepth) return errorOf(`The question nests ${depth} deep; ${maxDepth} is the most.`)
    if (cost + fields * rootCost > maxCost) return errorOf(`The question asks for too much: ask for fewer fields or smaller pages.`)
  }
  return undefined
}

const errorOf = (message: string) => new GraphQLError(message, { extensions: { code: 'invalid_input' } })

function createWeigher(fragments: Fragments, variables: Variables) {
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
    return { depth: depth + 1, cost: 1 + pageSize(node, variables) * cost, fields: 1, fault }
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

/** The size of the page that a connection requests. Other fields have no pages, so their size is 1. */
function pageSize(node: FieldNode, variables: Variables): number {
  const isConnection = node.selectionSet?.selections.some((inner) => inner.kind !== Kind.FIELD || inner.name.value === 'edges')
  if (!isConnection) return 1
  const first = node.arguments?.find(({ name }) => name.value === 'first')?.value
  if (first?.kind === Kind.INT) return Number(first.value)
  const value = first?.kind === Kind.VARIABLE ? variables[first.name.value] : undefined
  return typeof value === 'number' ? value : defaultFirst
}
