import { createHash } from 'node:crypto'
import { joinedName } from '@bir/data-plane/catalog'
import { canonical, nestsWithin } from '@bir/sdk/contract/canonical'
import { hintsOf, inferLevel, levelOfName } from '@bir/sdk/contract/infer-level'
import type { DefinitionsReport } from '@bir/sdk/contract/internal'
import { suspicions } from '@bir/sdk/contract/suspicious'

/** A tool as a remote server offers it now. */
export interface Offered {
  name: string
  /** SHA-256 of `definition`. */
  hash: string
  /** Canonical JSON. */
  definition: string
  readOnly: boolean | null
  destructive: boolean | null
  /** What is suspicious about it, in words. */
  flags: string[]
}

/** A schema that nests deeper describes nothing a person could fill in. */
const deepestDefinition = 64

/** What a plane reported, ready to be judged: each name once, and whatever is suspicious said. Pure. */
export function offeredOf({ server, tools }: DefinitionsReport): Offered[] {
  const sound = tools.filter(({ definition }) => nestsWithin(definition, deepestDefinition))
  const byName = Map.groupBy(sound, ({ name }) => name)
  const byJoined = Map.groupBy(byName.keys(), (tool) => joinedName({ server, tool }))
  return [...byName].flatMap(([name, all]) => {
    const [first] = all
    if (!first) return []
    const meets = (byJoined.get(joinedName({ server, tool: name })) ?? []).filter((other) => other !== name)
    return [offer(name, first.definition, [...(all.length > 1 ? ['offered more than once'] : []), ...meets.map(collision)])]
  })
}

const collision = (other: string) => `has the same name as ${other} once the server's own is put before it`

function offer(name: string, given: Record<string, unknown>, found: string[]): Offered {
  const definition = canonical(given)
  const hints = hintsOf(given)
  return {
    name,
    hash: createHash('sha256').update(definition).digest('hex'),
    definition,
    readOnly: hints.readOnly ?? null,
    destructive: hints.destructive ?? null,
    flags: [...found, ...contradictions(name, given), ...suspicions(given)],
  }
}

/** Hints are the server's word. Where its tool's own name speaks against them, somebody should look. */
function contradictions(name: string, given: Record<string, unknown>): string[] {
  const hints = hintsOf(given)
  const [said, named] = [inferLevel(name, hints), levelOfName(name)]
  const both = hints.readOnly === true && hints.destructive === true
  const lower = said === 'read' ? named === 'write' || named === 'destroy' : said === 'write' && named === 'destroy'
  return [
    ...(both ? ['says that it only reads and that it destroys'] : []),
    ...(lower ? [`is declared as ${said}, and named like ${named}`] : []),
  ]
}
