import { covers, higher, lower } from './level.ts'
import type { Level } from './level.ts'
import { applySecret } from './decide.ts'
import type { Verdict } from './decide.ts'
import type { Person, Policy } from './policy.ts'
import { TIERS } from './snapshot.ts'
import type { Alternative } from './snapshot.ts'

/**
 * Decides about everything on a server that is no tool: resources, prompts, completion,
 * extensions. `needs` is the level of the request. The tiers are those of `decide`. A
 * grant that lists tools opens those tools and nothing else, so it does not count here. A secret counts as for tools.
 */
export function decideServer(policy: Policy, person: Person, server: string, needs: Level, nowMs: number): Verdict {
  if (person.disabled) return { allow: false, reason: 'person-disabled' }
  if (!policy.servers.has(server)) return { allow: false, reason: 'unknown-server' }
  if (policy.revoked.killed.has(server)) return { allow: false, reason: 'server-killed' }
  const grants = person.grants.get(server)
  for (const tier of TIERS) {
    const live = liveAlternatives(grants?.[tier], nowMs)
    if (live.length === 0) continue
    if (tier === 'user' && live.some(({ level }) => level === 'disabled')) return { allow: false, reason: 'disabled-for-user', tier }
    const wholeServer = live.filter(({ allow, level }) => !allow && level !== 'disabled')
    if (wholeServer.length === 0)
      return { allow: false, reason: live.some(({ allow }) => allow) ? 'tool-not-in-list' : 'disabled-for-group', tier }
    const granted = highestLevel(wholeServer)
    if (!covers(granted, needs)) return { allow: false, reason: 'level-too-low', tier }
    const level = lower(granted, person.selection?.get(server)?.level ?? granted)
    if (!covers(level, needs)) return { allow: false, reason: 'selected-lower', tier }
    return applySecret({ allow: true, level, tier }, policy, person, server, needs, nowMs)
  }
  return { allow: false, reason: grants && TIERS.some((tier) => grants[tier]) ? 'grants-expired' : 'no-grant' }
}

/** The most that a person can be allowed on a server whose tools are not known yet. */
export interface Prospect {
  /** The highest level that any tool can be allowed at. `disabled`: no tool can be. */
  level: Level
  /** Only these tools can be allowed; absent means every tool that the level covers. */
  names?: string[]
}

/**
 * Predicts what `decideFor` will allow, before the tools of the server are known. It never predicts less than
 * `decideFor` allows. The tiers are the same.
 */
export function prospect(policy: Policy, person: Person, server: string, nowMs: number): Prospect {
  if (person.disabled || policy.revoked.killed.has(server)) return nothing
  const grants = person.grants.get(server)
  const live = TIERS.map((tier) => liveAlternatives(grants?.[tier], nowMs))
  const deciding = live.find((alternatives) => alternatives.length > 0) ?? []
  if (deciding === live[0] && deciding.some(({ level }) => level === 'disabled')) return nothing
  const enabled = deciding.filter(({ level }) => level !== 'disabled')
  const { level: selected, off = [] } = person.selection?.get(server) ?? {}
  const granted = highestLevel(enabled)
  const level = lower(granted, selected ?? granted)
  if (level === 'disabled') return nothing
  if (enabled.some(({ allow }) => !allow)) return { level }
  const denied = new Set([...deciding.flatMap(({ deny = [] }) => deny), ...off])
  const names = [...new Set(enabled.flatMap(({ allow = [] }) => allow))].filter((name) => !denied.has(name))
  return names.length === 0 ? nothing : { level, names }
}

const nothing: Prospect = { level: 'disabled' }

const liveAlternatives = (alternatives: readonly Alternative[] = [], nowMs: number) =>
  alternatives.filter(({ expiresAtMs = Infinity }) => nowMs < expiresAtMs)

const highestLevel = (alternatives: readonly Alternative[]) =>
  alternatives.reduce<Level>((highest, { level }) => higher(highest, level), 'disabled')
