import { createHash } from 'node:crypto'
import { joinedName } from '@bir/data-plane/catalog'
import { canonical, nestsWithin } from '@bir/sdk/contract/canonical'
import { hintsOf, inferLevel, levelOfName } from '@bir/sdk/contract/infer-level'
import type { DefinitionsReport } from '@bir/sdk/contract/internal'
import { suspicions } from '@bir/sdk/contract/suspicious'

/** A tool as a remote server offers it now. */
export interface OfferedTool {
  name: string
  /** SHA-256 of `definition`. */
  hash: string
  /** The definition as canonical JSON. */
  definition: string
  readOnly: boolean | null
  destructive: boolean | null
  /** Sentences about what is suspicious in it. */
  flags: string[]
}

/** No person could fill in a schema that nests deeper than this. */
const maxDefinitionDepth = 64

/** Turns a plane's report into tools to judge: each name once, with flags for what is suspicious. A pure function. */
export function offeredTools({ server, tools }: DefinitionsReport): OfferedTool[] {
  const validTools = tools.filter(({ definition }) => nestsWithin(definition, maxDefinitionDepth))
  const byName = Map.groupBy(validTools, ({ name }) => name)
  const byJoined = Map.groupBy(byName.keys(), (tool) => joinedName({ server, tool }))
  return [...byName].flatMap(([name, sameName]) => {
    const [first] = sameName
    if (!first) return []
    const collisions = (byJoined.get(joinedName({ server, tool: name })) ?? []).filter((other) => other !== name)
    return [
      offeredTool(name, first.definition, [...(sameName.length > 1 ? ['offered more than once'] : []), ...collisions.map(collisionFlag)]),
    ]
  })
}

const collisionFlag = (other: string) => `has the same name as ${other} once the server's own is put before it`

function offeredTool(name: string, rawDefinition: Record<string, unknown>, reportFlags: string[]): OfferedTool {
  const definition = canonical(rawDefinition)
  const hints = hintsOf(rawDefinition)
  return {
    name,
    hash: createHash('sha256').update(definition).digest('hex'),
    definition,
    readOnly: hints.readOnly ?? null,
    destructive: hints.destructive ?? null,
    flags: [...reportFlags, ...contradictions(name, rawDefinition), ...suspicions(rawDefinition)],
  }
}

/** Flags for hints that contradict each other or the tool's name. Hints are only claims of the server. */
function contradictions(name: string, rawDefinition: Record<string, unknown>): string[] {
  const hints = hintsOf(rawDefinition)
  const [declared, nameLevel] = [inferLevel(name, hints), levelOfName(name)]
  const isContradictory = hints.readOnly === true && hints.destructive === true
  const isUnderstated =
    declared === 'read' ? nameLevel === 'write' || nameLevel === 'destroy' : declared === 'write' && nameLevel === 'destroy'
  return [
    ...(isContradictory ? ['says that it only reads and that it destroys'] : []),
    ...(isUnderstated ? [`is declared as ${declared}, and named like ${nameLevel}`] : []),
  ]
}
