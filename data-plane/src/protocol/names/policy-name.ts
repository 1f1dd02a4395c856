import { policyName } from '@bir/sdk/policy-name'

type Entries = readonly Readonly<Record<string, unknown>>[]

const noNames: ReadonlyMap<string, string> = new Map()
const ownNames = new WeakMap<Entries, ReadonlyMap<string, string>>()

/**
 * The name that a server gives the tool that the policy speaks of by this one. `entries` are the server's tools;
 * `otherwise` is the answer where they tell of no other name.
 */
export function ownName(entries: Entries | undefined, name: string, otherwise = name): string {
  return (entries && ownNamesOf(entries).get(name)) ?? otherwise
}

/** The names that differ from those of the policy, computed once per list. Of two that meet the first counts. */
function ownNamesOf(entries: Entries): ReadonlyMap<string, string> {
  const cached = ownNames.get(entries)
  if (cached) return cached
  const names = entries.toReversed().flatMap(({ name }) => (typeof name === 'string' ? [[policyName(name), name] as const] : []))
  const differing = [...new Map(names)].filter(([inPolicy, own]) => inPolicy !== own)
  const made = differing.length === 0 ? noNames : new Map(differing)
  ownNames.set(entries, made)
  return made
}
