import { createHash } from 'node:crypto'

const alphabet = 'abcdefghijklmnopqrstuvwxyz234567'

/** 8 characters of base32 (RFC 4648, lower case): the first 40 bits of the text's SHA-256. */
export function nameDigest(text: string): string {
  const digest = createHash('sha256').update(text).digest()
  const bits = [...digest.subarray(0, 5)].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  return Array.from({ length: 8 }, (_, at) => alphabet[Number.parseInt(bits.slice(at * 5, at * 5 + 5), 2)]).join('')
}

/** The names that MCP recommends (2025-11-25, Tools, Tool Names): the policy speaks of tools by such names alone. */
const recommended = /^[A-Za-z0-9_.-]{1,128}$/
const keptLength = 119

/**
 * The name by which the policy, the record and `/mcp` speak of a server's tool: its own, where MCP recommends such
 * names. Any other (`repo/list`) becomes what of it may stand in a name, `_`, and 8 characters that tell it from all
 * others: `repo_list_k3v7abcd`. The same name always becomes the same.
 */
export function policyName(name: string): string {
  if (recommended.test(name)) return name
  return `${name.slice(0, keptLength).replaceAll(/[^A-Za-z0-9_.-]/g, '_')}_${nameDigest(name)}`
}

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
