import { api } from '@bir/sdk/contract/api'
import type { Api } from '@bir/sdk/contract/api'
import type { Who } from '@bir/sdk/contract/operation'
import { schemaFaults } from '@bir/sdk/contract/schema-faults'
import { z } from 'zod'
import { ApiError } from './api-error.ts'
import type { Ctx } from './context.ts'
import { refuseUnstorable } from './plain-input.ts'

type SchemaType<P, K extends 'input' | 'output', D extends 'in' | 'out'> =
  P extends Record<K, infer S extends z.ZodType> ? (D extends 'in' ? z.input<S> : z.output<S>) : never

/** The implementation of the contract: one plain function for each operation. */
export type Operations = {
  readonly [G in keyof Api]: {
    readonly [O in keyof Api[G]]: (ctx: Ctx, input: SchemaType<Api[G][O], 'input', 'out'>) => Promise<SchemaType<Api[G][O], 'output', 'in'>>
  }
}

/** Such as `grants.create`. */
export type OperationPath = { [G in keyof Api]: `${G}.${keyof Api[G] & string}` }[keyof Api]

export interface Procedure {
  path: OperationPath
  who: Who
  group: string
  name: string
  kind: 'query' | 'mutation'
  input: z.ZodType
  output: z.ZodType
}

/** Every operation of the contract. tRPC and GraphQL are both built from this list, so neither can lack one. */
export const procedures: readonly Procedure[] = Object.entries(api).flatMap(([group, operations]) =>
  Object.entries(operations).map(([name, procedure]) => ({ ...procedure, group, name, path: `${group}.${name}` as OperationPath })),
)

/**
 * Runs an operation. tRPC and GraphQL both call it, once the whole request is read. It checks whether the caller is
 * still who they were when it began, who may call, then the input, then it calls the function.
 */
export async function perform(operations: Operations, ctx: Ctx, procedure: Procedure, rawInput: unknown): Promise<unknown> {
  const run = () => checkAndRun(operations, ctx, procedure, rawInput).catch((error: unknown) => recordRefusal(ctx, procedure, error))
  return ctx.whileAnswering ? ctx.whileAnswering(run) : run()
}

async function recordRefusal({ caller }: Ctx, { path }: Procedure, error: unknown): Promise<never> {
  const isRefusal = error instanceof ApiError && (error.code === 'unauthenticated' || error.code === 'forbidden')
  if (isRefusal) await caller?.recordRefusal(path, error)
  throw error
}

async function checkAndRun(operations: Operations, ctx: Ctx, procedure: Procedure, rawInput: unknown): Promise<unknown> {
  const { who, group, name, path, input } = procedure
  await ctx.caller?.confirm(ctx.db)
  const isOpen = ctx.actor.administrator || who === 'anyone'
  if (!isOpen && who === 'administrator') throw forbidden()
  const sayable = sayableNames[path]
  refuseUnstorable(rawInput, sayable)
  const parsed = input.safeParse(rawInput ?? {})
  if (!parsed.success) throw new ApiError('invalid_input', schemaFaults(sayable ? withoutNames(parsed.error) : parsed.error))
  if (!isOpen && !(await isOneself(ctx, parsed.data))) throw forbidden()
  return operationAt(operations, group, name)(ctx, parsed.data)
}

/** Of operations that take values of secrets: a value may stand where a name belongs, so faults name these alone. */
const sayableNames: Partial<Record<OperationPath, ReadonlySet<string>>> = {
  'secrets.put': new Set(Object.keys(api.secrets.put.input.shape)),
}

/** The first step of a path is a name of the contract. */
const withoutNames = ({ issues }: z.ZodError) => ({ issues: issues.map((issue) => ({ ...issue, path: issue.path.slice(0, 1) })) })

const forbidden = () => new ApiError('forbidden', 'Only an administrator may do this.', { reason: 'not-administrator' })

/** Whether the input is about the actor. Compares ids, not names: an operator may have the same name as a person. */
async function isOneself({ db, actor }: Ctx, input: unknown): Promise<boolean> {
  const target = z.object({ user: z.string() }).safeParse(input)
  if (!target.success || actor.userId === undefined) return false
  const row = await db.selectFrom('users').select('id').where('handle', '=', target.data.user).executeTakeFirst()
  return row?.id === actor.userId
}

type OperationFunction = (ctx: Ctx, input: unknown) => Promise<unknown>

function operationAt(operations: Operations, group: string, name: string): OperationFunction {
  const operation = (operations as unknown as Record<string, Record<string, OperationFunction>>)[group]?.[name]
  if (!operation) throw new ApiError('not_found', `There is no operation ${group}.${name}.`)
  return operation
}
