import type { Who } from '@bir/sdk/contract/operation'
import type { GraphQLSchema } from 'graphql'
import type { z } from 'zod'
import { perform, procedures } from '../../base/perform.ts'
import type { Operations, Procedure } from '../../base/perform.ts'
import { newBuilder } from './builder.ts'
import type { Builder, GraphqlContext } from './builder.ts'
import { Connections } from './connections.ts'
import { describe } from './descriptions/describe.ts'
import { withoutNulls } from './without-nulls.ts'
import { FIELD_NAMES } from './names.ts'
import { ContractTypes, pascal } from './types.ts'
import { isNullable, shapeOf } from './zod-shape.ts'

type Args = Record<string, unknown>

/** The GraphQL schema: one field for each operation of the contract. It has no logic; `perform` runs the operation. */
export function schemaOf(operations: Operations): GraphQLSchema {
  const builder = newBuilder()
  const types = new ContractTypes(builder)
  const connections = new Connections(builder, types)
  builder.queryType({})
  builder.mutationType({})
  for (const procedure of procedures) addField({ builder, types, connections, operations }, procedure)
  const whoByField = new Map<string, Who>(procedures.map(({ path, who }) => [FIELD_NAMES[path], who]))
  return describe(builder.toSchema(), (field) => whoByField.get(field) ?? 'administrator')
}

interface Parts {
  builder: Builder
  types: ContractTypes
  connections: Connections
  operations: Operations
}

function addField({ builder, types, connections, operations }: Parts, procedure: Procedure) {
  const name = FIELD_NAMES[procedure.path]
  const answer = connections.answer(procedure, pascal(name))
  const args =
    procedure.kind === 'query' ? flatArgs(builder, types, procedure.input, name) : inputArg(builder, types, procedure.input, name)
  const options = {
    type: answer.type,
    // Nullable, so that the error of one operation does not remove the results of the others in the same query.
    nullable: true,
    args,
    async resolve(_root: unknown, args: Args, { ctx }: GraphqlContext) {
      const input = procedure.kind === 'query' ? args : (args.input ?? {})
      const output = await perform(operations, ctx, procedure, withoutNulls(procedure.input, input))
      return answer.from(output)
    },
  }
  if (procedure.kind === 'query') builder.queryField(name, (t) => t.field(options as never))
  else builder.mutationField(name, (t) => t.field(options as never))
}

/** The arguments of a query: one argument for each field of the input. */
function flatArgs(builder: Builder, types: ContractTypes, input: z.ZodType, name: string) {
  const shape = shapeOf(input)
  if (shape.as !== 'object') return {}
  return builder.args((t) =>
    Object.fromEntries(
      shape.fields.map(([key, field]) => [
        key,
        t.field({ type: types.input(field, `${pascal(name)}${pascal(key)}`), required: !isNullable(field) }),
      ]),
    ),
  )
}

/** The arguments of a mutation: a single argument `input`, as in Relay. */
function inputArg(builder: Builder, types: ContractTypes, input: z.ZodType, name: string) {
  const shape = shapeOf(input)
  if (shape.as !== 'object') return {}
  return builder.args((t) => ({ input: t.field({ type: types.input(input, pascal(name)), required: true }) }))
}
