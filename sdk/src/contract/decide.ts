import { covers, higher, lower } from './level.ts'
import type { Level } from './level.ts'
import { personOf } from './policy.ts'
import type { Person, Policy } from './policy.ts'
import { TIERS } from './snapshot.ts'
import type { Alternative, Selection, Tier, ToolEntry } from './snapshot.ts'
import type { Subject } from './subject.ts'

export interface Question {
  subject: Subject
  server: string
  tool: string
  /** Milliseconds since 1970: deciding has no clock of its own. */
  nowMs: number
}

/** Every way policy says no. Kept in the audit record, shown to administrators; never in the answer of the refused call. */
export const REASONS = [
  'unknown-person',
  'person-disabled',
  'unknown-server',
  'server-killed',
  'unknown-tool',
  'tool-hidden',
  'no-grant',
  'grants-expired',
  'disabled-for-user',
  'disabled-for-group',
  'tool-denied',
  'tool-not-in-list',
  'level-too-low',
  'switched-off',
  'selected-lower',
] as const
export type Reason = (typeof REASONS)[number]

export type Verdict =
  | { readonly allow: true; readonly level: Level; readonly tier: Tier }
  | { readonly allow: false; readonly reason: Reason; readonly tier?: Tier }

/** The one meaning of a policy: the data plane enforces it, portal and command line explain and predict with it. No I/O, no clock. */
export function decide(policy: Policy, { subject, server, tool, nowMs }: Question): Verdict {
  const person = personOf(policy, subject)
  if (!person) return refuse('unknown-person')
  return decideFor(policy, person, server, tool, nowMs)
}

/** The same for a person already looked up: lists ask it once per tool. */
export function decideFor(policy: Policy, person: Person, server: string, tool: string, nowMs: number): Verdict {
  if (person.disabled) return refuse('person-disabled')
  const known = policy.servers.get(server)
  if (!known) return refuse('unknown-server')
  if (policy.revoked.killed.has(server)) return refuse('server-killed')
  const entry = known.tools.get(tool)
  if (!entry) return refuse('unknown-tool')
  if (entry.hidden) return refuse('tool-hidden')

  const grants = person.grants.get(server)
  if (!grants) return refuse('no-grant')
  for (const tier of TIERS) {
    const live = unexpired(grants[tier], nowMs)
    if (live.length > 0) return narrow(within(tier, live, tool, entry), person.selection?.get(server), tool, entry)
  }
  return refuse(TIERS.some((tier) => grants[tier]) ? 'grants-expired' : 'no-grant')
}

/** The earliest moment at which an answer about this person may change by itself; Infinity when none will. */
export function nextExpiryMs(person: Person, nowMs: number): number {
  const alternatives = [...person.grants.values()].flatMap((grants) => TIERS.flatMap((tier) => grants[tier] ?? []))
  return alternatives.reduce((next, { expiresAtMs = Infinity }) => (expiresAtMs > nowMs ? Math.min(next, expiresAtMs) : next), Infinity)
}

function within(tier: Tier, live: readonly Alternative[], tool: string, entry: ToolEntry): Verdict {
  if (tier === 'user' && live.some(({ level }) => level === 'disabled')) return refuse('disabled-for-user', tier)
  if (live.some(({ deny }) => deny?.includes(tool))) return refuse('tool-denied', tier)

  const enabled = live.filter(({ level }) => level !== 'disabled')
  if (enabled.length === 0) return refuse('disabled-for-group', tier)
  const listed = enabled.filter(({ allow }) => !allow || allow.includes(tool))
  if (listed.length === 0) return refuse('tool-not-in-list', tier)
  const level = listed.reduce<Level>((best, alternative) => higher(best, alternative.level), 'disabled')
  return covers(level, entry.level) ? { allow: true, level, tier } : refuse('level-too-low', tier)
}

/** A selection can only lower. */
function narrow(verdict: Verdict, selection: Selection | undefined, tool: string, entry: ToolEntry): Verdict {
  if (!verdict.allow || !selection) return verdict
  if (selection.off?.includes(tool)) return refuse('switched-off', verdict.tier)
  const level = lower(verdict.level, selection.level ?? verdict.level)
  return covers(level, entry.level) ? { allow: true, level, tier: verdict.tier } : refuse('selected-lower', verdict.tier)
}

const none: readonly Alternative[] = []

function unexpired(tier: readonly Alternative[] | undefined, nowMs: number): readonly Alternative[] {
  if (!tier) return none
  if (tier.every(({ expiresAtMs }) => expiresAtMs === undefined)) return tier
  return tier.filter(({ expiresAtMs = Infinity }) => nowMs < expiresAtMs)
}

const refuse = (reason: Reason, tier?: Tier): Verdict => (tier ? { allow: false, reason, tier } : { allow: false, reason })
