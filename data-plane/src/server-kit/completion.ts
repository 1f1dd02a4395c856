import type { Awaitable } from '../runtime/awaitable.ts'

/** Everything a variable or argument could be, given the others that are known; what does not begin with the typed text is left out afterwards. */
export type Candidates<Context> = (context: Context, given: Readonly<Record<string, string>>) => Awaitable<readonly string[]>

export type Completers<Name extends string, Context> = { readonly [K in Name]?: Candidates<Context> }

/** `completion/complete`'s answer. */
export interface Completion {
  readonly values: readonly string[]
  readonly total: number
  readonly hasMore: boolean
}

/** The protocol's own limit. */
const max = 100

/** Undefined when there is no such variable; one without candidates has none to offer. */
export async function complete<Context>(
  names: readonly string[],
  completers: Completers<string, Context> | undefined,
  { name, typed, given }: { name: string; typed: string; given: Readonly<Record<string, string>> },
  context: () => Context,
): Promise<Completion | undefined> {
  if (!names.includes(name)) return undefined
  const candidates = completers && Object.hasOwn(completers, name) ? completers[name] : undefined
  const all = candidates ? await candidates(context(), given) : []
  const wanted = typed.toLowerCase()
  const fitting = all.filter((value) => value.toLowerCase().startsWith(wanted))
  return { values: fitting.slice(0, max), total: fitting.length, hasMore: fitting.length > max }
}
