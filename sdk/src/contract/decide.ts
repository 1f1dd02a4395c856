import { covers, higher, Level, lower } from './level.ts'
import { personOf } from './policy.ts'
import type { Person, Policy } from './policy.ts'
import { TIERS } from './snapshot.ts'
import type { Alternative, ServerGrants, Tier, ToolEntry } from './snapshot.ts'
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
  const tier = decidingTier(grants, nowMs)
  if (!tier) return refuse(grants.user || grants.groups || grants.everyone ? 'grants-expired' : 'no-grant')
  return narrow(within(tier, grants[tier] ?? none, tool, entry, nowMs), person.selection, server, tool, entry)
}

/** The earliest moment at which an answer about this person may change by itself; Infinity when none will. */
export function nextExpiryMs(person: Person, nowMs: number): number {
  const alternatives = [...person.grants.values()].flatMap((grants) => TIERS.flatMap((tier) => grants[tier] ?? []))
  return alternatives.reduce((next, { expiresAtMs = Infinity }) => (expiresAtMs > nowMs ? Math.min(next, expiresAtMs) : next), Infinity)
}

/** The first tier with an alternative that has not expired. */
function decidingTier({ user, groups, everyone }: ServerGrants, nowMs: number): Tier | undefined {
  if (user && isLive(user, nowMs)) return 'user'
  if (groups && isLive(groups, nowMs)) return 'groups'
  if (everyone && isLive(everyone, nowMs)) return 'everyone'
  return undefined
}

function isLive(alternatives: readonly Alternative[], nowMs: number): boolean {
  for (const alternative of alternatives) if (!isExpired(alternative, nowMs)) return true
  return false
}

const isExpired = ({ expiresAtMs }: Alternative, nowMs: number) => expiresAtMs !== undefined && nowMs >= expiresAtMs

/** What the tier's alternatives come to: walked once, since this runs for every call and every line of a list. */
function within(tier: Tier, alternatives: readonly Alternative[], tool: string, entry: ToolEntry, nowMs: number): Verdict {
  let denied = false
  let enabled = false
  let best: Level = 'disabled'
  for (const alternative of alternatives) {
    if (isExpired(alternative, nowMs)) continue
    const { level, allow, deny } = alternative
    if (tier === 'user' && level === 'disabled') return refuse('disabled-for-user', tier)
    if (deny?.includes(tool)) denied = true
    if (level === 'disabled') continue
    enabled = true
    if (!allow || allow.includes(tool)) best = higher(best, level)
  }
  if (denied) return refuse('tool-denied', tier)
  if (!enabled) return refuse('disabled-for-group', tier)
  if (best === 'disabled') return refuse('tool-not-in-list', tier)
  return covers(best, entry.level) ? allow(best, tier) : refuse('level-too-low', tier)
}

/** A selection can only lower. */
function narrow(verdict: Verdict, selections: Person['selection'], server: string, tool: string, entry: ToolEntry): Verdict {
  const selection = verdict.allow ? selections?.get(server) : undefined
  if (!verdict.allow || !selection) return verdict
  if (selection.off?.includes(tool)) return refuse('switched-off', verdict.tier)
  const level = lower(verdict.level, selection.level ?? verdict.level)
  return covers(level, entry.level) ? allow(level, verdict.tier) : refuse('selected-lower', verdict.tier)
}

const none: readonly Alternative[] = []

/** There are not many verdicts: each is made once. */
const allowed = tableOf(TIERS, Level.options, (tier, level): Verdict => ({ allow: true, level, tier }))
const refusedIn = tableOf(TIERS, REASONS, (tier, reason): Verdict => ({ allow: false, reason, tier }))
const refused = Object.fromEntries(REASONS.map((reason) => [reason, { allow: false, reason }])) as Record<Reason, Verdict>

const allow = (level: Level, tier: Tier): Verdict => allowed[tier][level]

const refuse = (reason: Reason, tier?: Tier): Verdict => (tier ? refusedIn[tier][reason] : refused[reason])

function tableOf<Row extends string, Column extends string, T>(
  rows: readonly Row[],
  columns: readonly Column[],
  make: (row: Row, column: Column) => T,
) {
  const entries = rows.map((row) => [row, Object.fromEntries(columns.map((column) => [column, make(row, column)]))])
  return Object.fromEntries(entries) as Record<Row, Record<Column, T>>
}
