import { GraphQLError, Kind } from 'graphql'
import type { DocumentNode, FieldNode, FragmentDefinitionNode, SelectionSetNode } from 'graphql'

/** How deep a question may nest. The schema's own deepest answer needs 6; GraphiQL's question about the schema is let through. */
const maxDepth = 12
/** How much a question may ask for: a field costs one, times the page sizes above it. */
const maxCost = 50_000
/** What an operation costs by itself, so that a question of a thousand aliases is dear too. */
const rootCost = 100
const defaultFirst = 100

export const MAX_TOKENS = 10_000

type Variables = Readonly<Record<string, unknown>>

interface Weight {
  depth: number
  cost: number
}

/** Undefined when the question is within bounds. Fragments must be known to be free of cycles: validation comes first. */
export function tooMuch(document: DocumentNode, variables: Variables): GraphQLError | undefined {
  const fragments = new Map(
    document.definitions.flatMap((one) => (one.kind === Kind.FRAGMENT_DEFINITION ? [[one.name.value, one] as const] : [])),
  )
  const weigh = weighing(fragments, variables)
  for (const operation of document.definitions) {
    if (operation.kind !== Kind.OPERATION_DEFINITION) continue
    const { depth, cost } = weigh(operation.selectionSet)
    const roots = operation.selectionSet.selections.length
    if (depth > maxDepth) return refusal(`The question nests ${depth} deep; ${maxDepth} is the most.`)
    if (cost + roots * rootCost > maxCost) return refusal(`The question asks for too much: ask for fewer fields or smaller pages.`)
  }
  return undefined
}

const refusal = (message: string) => new GraphQLError(message, { extensions: { code: 'invalid_input' } })

function weighing(fragments: ReadonlyMap<string, FragmentDefinitionNode>, variables: Variables) {
  /** Each fragment is weighed once, so that fragments that repeat fragments cannot make weighing itself dear. */
  const known = new Map<string, Weight>()

  function fragment(name: string): Weight {
    const weight = known.get(name) ?? (fragments.has(name) ? set(fragments.get(name)?.selectionSet) : nothing)
    known.set(name, weight)
    return weight
  }

  function field(node: FieldNode): Weight {
    if (node.name.value.startsWith('__')) return nothing
    const inside = set(node.selectionSet)
    return { depth: inside.depth + 1, cost: 1 + pageSize(node, variables) * inside.cost }
  }

  function set(selectionSet: SelectionSetNode | undefined): Weight {
    const weights = (selectionSet?.selections ?? []).map((node) => {
      if (node.kind === Kind.FIELD) return field(node)
      return node.kind === Kind.FRAGMENT_SPREAD ? fragment(node.name.value) : set(node.selectionSet)
    })
    return { depth: Math.max(0, ...weights.map(({ depth }) => depth)), cost: weights.reduce((sum, { cost }) => sum + cost, 0) }
  }
  return set
}

const nothing: Weight = { depth: 0, cost: 0 }

/** Only connections page; their page is as long as they are asked to make it. */
function pageSize(node: FieldNode, variables: Variables): number {
  const paged = node.selectionSet?.selections.some((inner) => inner.kind !== Kind.FIELD || inner.name.value === 'edges')
  if (!paged) return 1
  const first = node.arguments?.find(({ name }) => name.value === 'first')?.value
  if (first?.kind === Kind.INT) return Number(first.value)
  const given = first?.kind === Kind.VARIABLE ? variables[first.name.value] : undefined
  return typeof given === 'number' ? given : defaultFirst
}
