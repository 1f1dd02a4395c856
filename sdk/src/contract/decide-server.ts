import { covers, higher, lower } from './level.ts'
import type { Level } from './level.ts'
import type { Verdict } from './decide.ts'
import type { Person, Policy } from './policy.ts'
import { TIERS } from './snapshot.ts'

/**
 * What is no tool (resources, prompts, completion, extensions) belongs to the server as a whole. The tiers are those of `decide`;
 * a grant that lists tools opens those tools and nothing else of the server.
 */
export function decideServer(policy: Policy, person: Person, server: string, needs: Level, nowMs: number): Verdict {
  if (person.disabled) return { allow: false, reason: 'person-disabled' }
  if (!policy.servers.has(server)) return { allow: false, reason: 'unknown-server' }
  if (policy.revoked.killed.has(server)) return { allow: false, reason: 'server-killed' }
  const grants = person.grants.get(server)
  for (const tier of TIERS) {
    const live = (grants?.[tier] ?? []).filter(({ expiresAtMs = Infinity }) => nowMs < expiresAtMs)
    if (live.length === 0) continue
    if (tier === 'user' && live.some(({ level }) => level === 'disabled')) return { allow: false, reason: 'disabled-for-user', tier }
    const whole = live.filter(({ allow, level }) => !allow && level !== 'disabled')
    if (whole.length === 0)
      return { allow: false, reason: live.some(({ allow }) => allow) ? 'tool-not-in-list' : 'disabled-for-group', tier }
    const held = whole.reduce<Level>((best, { level }) => higher(best, level), 'disabled')
    if (!covers(held, needs)) return { allow: false, reason: 'level-too-low', tier }
    const level = lower(held, person.selection?.get(server)?.level ?? held)
    return covers(level, needs) ? { allow: true, level, tier } : { allow: false, reason: 'selected-lower', tier }
  }
  return { allow: false, reason: grants && TIERS.some((tier) => grants[tier]) ? 'grants-expired' : 'no-grant' }
}

/** What a person may come to on a server whose tools nobody knows yet. */
export interface Prospect {
  /** The highest level at which anything may be theirs. */
  level: Level
  /** Only these tools; absent = whatever the level covers. */
  names?: string[]
}

/** Predicts, where `decideFor` has no tool to decide about. The tiers are its own. */
export function prospect(policy: Policy, person: Person, server: string, nowMs: number): Prospect {
  if (person.disabled || policy.revoked.killed.has(server)) return nothing
  const grants = person.grants.get(server)
  const live = TIERS.map((tier) => (grants?.[tier] ?? []).filter(({ expiresAtMs = Infinity }) => nowMs < expiresAtMs))
  const deciding = live.find((alternatives) => alternatives.length > 0) ?? []
  if (deciding === live[0] && deciding.some(({ level }) => level === 'disabled')) return nothing
  const enabled = deciding.filter(({ level }) => level !== 'disabled')
  const { level: chosen, off = [] } = person.selection?.get(server) ?? {}
  const held = enabled.reduce<Level>((best, { level }) => higher(best, level), 'disabled')
  const level = lower(held, chosen ?? held)
  if (level === 'disabled') return nothing
  if (enabled.some(({ allow }) => !allow)) return { level }
  const denied = new Set([...deciding.flatMap(({ deny = [] }) => deny), ...off])
  const names = [...new Set(enabled.flatMap(({ allow = [] }) => allow))].filter((name) => !denied.has(name))
  return names.length === 0 ? nothing : { level, names }
}

const nothing: Prospect = { level: 'disabled' }
