import { api } from '@bir/sdk/contract/api'
import type { Api } from '@bir/sdk/contract/api'
import { z } from 'zod'
import { ApiError } from './api-error.ts'
import type { Ctx } from './context.ts'

type Of<P, K extends 'input' | 'output', D extends 'in' | 'out'> =
  P extends Record<K, infer S extends z.ZodType> ? (D extends 'in' ? z.input<S> : z.output<S>) : never

/** What the control plane implements: each operation of the contract as a plain function. */
export type Operations = {
  readonly [G in keyof Api]: {
    readonly [O in keyof Api[G]]: (ctx: Ctx, input: Of<Api[G][O], 'input', 'out'>) => Promise<Of<Api[G][O], 'output', 'in'>>
  }
}

/** Such as `grants.create`. */
export type OperationPath = { [G in keyof Api]: `${G}.${keyof Api[G] & string}` }[keyof Api]

export interface Procedure {
  path: OperationPath
  group: string
  name: string
  kind: 'query' | 'mutation'
  input: z.ZodType
  output: z.ZodType
}

/** Every operation of the contract. Both faces are made from this list, so neither can lack one. */
export const procedures: readonly Procedure[] = Object.entries(api).flatMap(([group, operations]) =>
  Object.entries(operations).map(([name, procedure]) => ({ ...procedure, group, name, path: `${group}.${name}` as OperationPath })),
)

/** What people may do for themselves. Everything else is for administrators. */
const own: ReadonlySet<OperationPath> = new Set(['selections.get', 'selections.set', 'policy.explain'])

/** The one way in, whatever the face: who may, then what was given, then the work. */
export async function perform(operations: Operations, ctx: Ctx, { path, group, name, input }: Procedure, given: unknown): Promise<unknown> {
  if (!ctx.actor.administrator && !own.has(path)) throw forbidden()
  const parsed = input.safeParse(given ?? {})
  if (!parsed.success) throw new ApiError('invalid_input', z.prettifyError(parsed.error))
  if (!ctx.actor.administrator && !(await isOneself(ctx, parsed.data))) throw forbidden()
  return operationAt(operations, group, name)(ctx, parsed.data)
}

const forbidden = () => new ApiError('forbidden', 'Only an administrator may do this.')

/** By id, not by name: an actor that is no person of ours is nobody's self. */
async function isOneself({ db, actor }: Ctx, input: unknown): Promise<boolean> {
  const asked = z.object({ user: z.string() }).safeParse(input)
  if (!asked.success || actor.userId === undefined) return false
  const row = await db.selectFrom('users').select('id').where('handle', '=', asked.data.user).executeTakeFirst()
  return row?.id === actor.userId
}

type Performed = (ctx: Ctx, input: unknown) => Promise<unknown>

function operationAt(operations: Operations, group: string, name: string): Performed {
  const found = (operations as unknown as Record<string, Record<string, Performed>>)[group]?.[name]
  if (!found) throw new ApiError('not_found', `There is no operation ${group}.${name}.`)
  return found
}
