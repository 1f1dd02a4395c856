import { z } from 'zod'

/**
 * Who may call an operation. `administrator`: administrators. `self`: they, and a person about that person alone, whom
 * the input names as `user`. `anyone`: everybody who is signed in; the operation itself limits what others than
 * administrators see and do.
 */
export type Who = 'administrator' | 'self' | 'anyone'

/** An operation of the API: who may call it, its kind, input and output. */
export type Procedure = { who: Who; kind: 'query' | 'mutation'; input: z.ZodType; output: z.ZodType }

type InputFor<W extends Who> = W extends 'self' ? z.ZodType<{ user: string }> : z.ZodType
export const query = <W extends Who, I extends InputFor<W>, O extends z.ZodType>(who: W, input: I, output: O) =>
  ({ who, kind: 'query', input, output }) as const
export const mutation = <W extends Who, I extends InputFor<W>, O extends z.ZodType>(who: W, input: I, output: O) =>
  ({ who, kind: 'mutation', input, output }) as const

/** `first`: the length of a page. `after`: `next` of the page before; absent for the first page. */
export const page = { first: z.int().min(1).max(1000).default(100), after: z.string().optional() }
/** A page of results. `next` is null on the last page. */
export const paged = <T extends z.ZodType>(item: T) => z.strictObject({ items: z.array(item), next: z.string().nullable() })
export const NoInput = z.strictObject({})
/**
 * `revision`: the published revision of the policy that holds the change. `removed`: what went with the thing that was
 * deleted, a text each; absent when nothing did.
 */
export const AtRevision = z.strictObject({ revision: z.int(), removed: z.array(z.string()).optional() })
