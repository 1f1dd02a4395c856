import SchemaBuilder from '@pothos/core'
import { GraphQLError } from 'graphql'
import type { Ctx } from '../../base/context.ts'

export interface GraphqlContext {
  ctx: Ctx
}

interface Whole<T> {
  Input: T
  Output: T
}

export type Builder = ReturnType<typeof newBuilder>

export function newBuilder() {
  const builder = new SchemaBuilder<{ Context: GraphqlContext; Scalars: { JSON: Whole<unknown>; SafeInt: Whole<number> } }>({})
  builder.scalarType('JSON', {
    description: 'Any JSON value, such as settings whose keys each server names itself.',
    serialize: (value) => value,
  })
  builder.scalarType('SafeInt', { description: 'A whole number of up to 53 bits.', serialize: safeInt, parseValue: safeInt })
  return builder
}

function safeInt(value: unknown): number {
  if (Number.isSafeInteger(value)) return Number(value)
  throw new GraphQLError('SafeInt: not a whole number of up to 53 bits')
}
