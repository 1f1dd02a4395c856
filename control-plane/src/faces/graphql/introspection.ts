import { Kind } from 'graphql'
import type { DocumentNode, FieldNode, FragmentDefinitionNode, SelectionSetNode } from 'graphql'

export type Fragments = ReadonlyMap<string, FragmentDefinitionNode>

/**
 * What introspection may cost: a little more than the query of the tools (GraphiQL, code generators), and less than
 * two of them.
 */
const maxCost = 200_000
const maxDepth = 20

/** How many items the lists of the introspection have, roughly: the answer grows by their product. */
const listSizes: Readonly<Record<string, number>> = {
  types: 150,
  directives: 8,
  fields: 8,
  args: 2,
  inputFields: 4,
  enumValues: 2,
}

interface Weight {
  /** What it costs beside the other fields of the query: it asks no database. */
  cost: number
  fault?: string | undefined
}

/** `__typename` is a field like any other. */
export const isIntrospection = ({ name: { value } }: FieldNode): boolean => value === '__schema' || value === '__type'

/** Whether every operation of a document asks for nothing but the schema, in plain sight: not through a fragment. */
export const asksOnlySchema = ({ definitions }: DocumentNode): boolean =>
  definitions.every(
    (definition) =>
      definition.kind !== Kind.OPERATION_DEFINITION ||
      definition.selectionSet.selections.every((node) => node.kind === Kind.FIELD && isIntrospection(node)),
  )

/**
 * Weighs a field that asks for the schema. Aliases are refused in it: with them a short query gets the same part of the
 * schema a hundred times.
 */
export function createIntrospectionWeigher(fragments: Fragments) {
  const costs = new Map<string, Measure>()

  function fragment(name: string): Measure {
    const known = costs.get(name) ?? set(fragments.get(name)?.selectionSet)
    costs.set(name, known)
    return known
  }

  function field(node: FieldNode): Measure {
    const inner = set(node.selectionSet)
    const size = listSizes[node.name.value] ?? 1
    return { depth: inner.depth + 1, cost: 1 + size * inner.cost, hasAlias: inner.hasAlias || node.alias !== undefined }
  }

  function set(selectionSet: SelectionSetNode | undefined): Measure {
    const measures = (selectionSet?.selections ?? []).map((node) => {
      if (node.kind === Kind.FIELD) return field(node)
      return node.kind === Kind.FRAGMENT_SPREAD ? fragment(node.name.value) : set(node.selectionSet)
    })
    return measures.reduce(sum, nothing)
  }

  return (node: FieldNode): Weight => {
    const { depth, cost, hasAlias } = field(node)
    return { cost: Math.ceil(cost / 10), fault: faultOf(depth, cost, hasAlias) }
  }
}

interface Measure {
  depth: number
  cost: number
  hasAlias: boolean
}

const nothing: Measure = { depth: 0, cost: 0, hasAlias: false }

const sum = (a: Measure, b: Measure): Measure => ({
  depth: Math.max(a.depth, b.depth),
  cost: a.cost + b.cost,
  hasAlias: a.hasAlias || b.hasAlias,
})

function faultOf(depth: number, cost: number, hasAlias: boolean): string | undefined {
  if (hasAlias) return 'A question about the schema takes no aliases.'
  if (depth > maxDepth) return `A question about the schema nests ${depth} deep; ${maxDepth} is the most.`
  return cost > maxCost ? 'The question asks for too much of the schema: the file schema.graphql has all of it.' : undefined
}
