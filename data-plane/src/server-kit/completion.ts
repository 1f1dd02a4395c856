import type { Awaitable } from '../runtime/awaitable.ts'

/**
 * Returns every value that a variable or argument may have, given the values of the others that are known so far.
 * `complete` leaves out those that do not begin with the typed text.
 */
export type Candidates<Context> = (context: Context, otherValues: Readonly<Record<string, string>>) => Awaitable<readonly string[]>

export type Completers<Name extends string, Context> = { readonly [K in Name]?: Candidates<Context> }

/** What a client asks of `completion/complete`: values for the variable or argument `name`. */
export interface CompletionRequest {
  readonly name: string
  /** What the person has typed of the value so far. */
  readonly typed: string
  /** The values of other variables or arguments that the client knows already. */
  readonly given: Readonly<Record<string, string>>
}

/** The answer of `completion/complete`. */
export interface Completion {
  readonly values: readonly string[]
  readonly total: number
  readonly hasMore: boolean
}

/** Limit of the protocol (MCP, completion/complete). */
const maxValues = 100

/** Undefined when no variable has this name. A variable without a completer gets an empty list. */
export async function complete<Context>(
  names: readonly string[],
  completers: Completers<string, Context> | undefined,
  { name, typed, given }: CompletionRequest,
  makeContext: () => Context,
): Promise<Completion | undefined> {
  if (!names.includes(name)) return undefined
  const completer = completers && Object.hasOwn(completers, name) ? completers[name] : undefined
  const candidates = completer ? await completer(makeContext(), given) : []
  const prefix = typed.toLowerCase()
  const values = candidates.filter((candidate) => candidate.toLowerCase().startsWith(prefix))
  return { values: values.slice(0, maxValues), total: values.length, hasMore: values.length > maxValues }
}
