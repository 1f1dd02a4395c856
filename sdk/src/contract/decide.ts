import { nextSecretExpiryMs, secretFor } from './decide-secret.ts'
import { covers, higher, Level, lower } from './level.ts'
import { personOf } from './policy.ts'
import type { Person, Policy } from './policy.ts'
import { TIERS } from './snapshot.ts'
import type { Alternative, ServerGrants, Tier, ToolEntry } from './snapshot.ts'
import type { Subject } from './subject.ts'

/** May this person call this tool on this server at this moment? */
export interface Question {
  subject: Subject
  /** A server id. */
  server: string
  /** The name that the server gives its tool. */
  tool: string
  /** Milliseconds since 1970. `decide` reads no clock of its own. */
  nowMs: number
}

/**
 * Every reason to refuse. Audit records hold it and administrators see it. The answer to a refused call never does.
 *
 * - unknown-person, person-disabled: the person is not in the policy, or is disabled.
 * - unknown-server, server-killed: the server is not in the policy, or the kill switch is set.
 * - unknown-tool, tool-hidden: the server has no such tool, or an administrator hid it.
 * - no-grant, grants-expired: no tier has a grant for the server, or all of them have expired.
 * - disabled-for-user: a grant of the person has the level `disabled`.
 * - disabled-for-group: every grant of the deciding tier has the level `disabled`.
 * - tool-denied, tool-not-in-list: a grant denies the tool, or no grant lists it.
 * - level-too-low: the granted level does not cover the tool's.
 * - switched-off, selected-lower: the person switched the tool off, or chose a lower level.
 * - secret-missing, secret-unusable: everything else allows it, but the server needs a secret of the person, and there
 *   is none, or none that is good.
 * - secret-level-too-low: the secret is good, but covers only tools of a lower level.
 */
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
  'secret-missing',
  'secret-unusable',
  'secret-level-too-low',
] as const
export type Reason = (typeof REASONS)[number]

/**
 * The answer. `level` is what the person may do. `tier` is the tier that decided; a refusal before any tier has none.
 */
export type Verdict =
  | { readonly allow: true; readonly level: Level; readonly tier: Tier }
  | { readonly allow: false; readonly reason: Reason; readonly tier?: Tier }

/**
 * Decides whether a person may call a tool. This function is the meaning of a policy: the
 * data plane enforces it, and the control plane explains and plans with it. Pure: no I/O,
 * no clock. Never throws. Verdicts are shared objects; compare them by their fields.
 *
 * 1. Person, server and tool must exist, and none of them may be disabled, killed or hidden.
 * 2. The first of the tiers user, groups, everyone with an unexpired alternative decides. Later tiers do not count.
 * 3. In that tier a `deny` wins. Then the highest level of the alternatives that open the tool must cover the tool's
 *    level. In the tier `user`, one alternative with the level `disabled` refuses.
 * 4. A selection of the person can lower the result, never raise it.
 * 5. Where the server needs a secret, there must be a good one (`secretFor`). It can lower the result, never raise it.
 */
export function decide(policy: Policy, { subject, server, tool, nowMs }: Question): Verdict {
  const person = personOf(policy, subject)
  if (!person) return refuse('unknown-person')
  return decideFor(policy, person, server, tool, nowMs)
}

/** `decide` for a person that was looked up already, such as for every tool of a list. */
export function decideFor(policy: Policy, person: Person, server: string, tool: string, nowMs: number): Verdict {
  if (person.disabled) return refuse('person-disabled')
  const serverPolicy = policy.servers.get(server)
  if (!serverPolicy) return refuse('unknown-server')
  if (policy.revoked.killed.has(server)) return refuse('server-killed')
  const entry = serverPolicy.tools.get(tool)
  if (!entry) return refuse('unknown-tool')
  if (entry.hidden) return refuse('tool-hidden')

  const grants = person.grants.get(server)
  if (!grants) return refuse('no-grant')
  const tier = decidingTier(grants, nowMs)
  if (!tier) return refuse(grants.user || grants.groups || grants.everyone ? 'grants-expired' : 'no-grant')
  const verdict = decideInTier(tier, grants[tier] ?? noAlternatives, tool, entry, nowMs)
  return applySecret(applySelection(verdict, person.selection, server, tool, entry), policy, person, server, entry.level, nowMs)
}

/**
 * Lowers a verdict to what the secret covers that the call would be made with, `needs` being the level of the call. A
 * refusal stays: nobody learns of a secret who may not call anyway.
 */
export function applySecret(verdict: Verdict, policy: Policy, person: Person, server: string, needs: Level, nowMs: number): Verdict {
  if (!verdict.allow) return verdict
  const standing = secretFor(policy, person, server, nowMs)
  if (!standing) return verdict
  if (!standing.usable) return refuse(standing.why === 'missing' ? 'secret-missing' : 'secret-unusable', verdict.tier)
  const level = lower(verdict.level, standing.secret.level)
  return covers(level, needs) ? allow(level, verdict.tier) : refuse('secret-level-too-low', verdict.tier)
}

/**
 * When the next grant or secret of a person expires, in milliseconds since 1970; Infinity when none will. Verdicts stay
 * the same until then.
 */
export function nextExpiryMs(policy: Policy, person: Person, nowMs: number): number {
  const alternatives = [...person.grants.values()].flatMap((grants) => TIERS.flatMap((tier) => grants[tier] ?? []))
  return alternatives.reduce(
    (nextMs, { expiresAtMs = Infinity }) => (expiresAtMs > nowMs ? Math.min(nextMs, expiresAtMs) : nextMs),
    nextSecretExpiryMs(policy, person, nowMs),
  )
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

/** The verdict of one tier. One loop without allocation, because this runs for every call and every tool of a list. */
function decideInTier(tier: Tier, alternatives: readonly Alternative[], tool: string, entry: ToolEntry, nowMs: number): Verdict {
  let isDenied = false
  let isEnabled = false
  let highest: Level = 'disabled'
  for (const alternative of alternatives) {
    if (isExpired(alternative, nowMs)) continue
    const { level, allow, deny } = alternative
    if (tier === 'user' && level === 'disabled') return refuse('disabled-for-user', tier)
    if (deny?.includes(tool)) isDenied = true
    if (level === 'disabled') continue
    isEnabled = true
    if (!allow || allow.includes(tool)) highest = higher(highest, level)
  }
  if (isDenied) return refuse('tool-denied', tier)
  if (!isEnabled) return refuse('disabled-for-group', tier)
  if (highest === 'disabled') return refuse('tool-not-in-list', tier)
  return covers(highest, entry.level) ? allow(highest, tier) : refuse('level-too-low', tier)
}

/** Lowers a verdict to what the person selected. A refusal stays. */
function applySelection(verdict: Verdict, selections: Person['selection'], server: string, tool: string, entry: ToolEntry): Verdict {
  const selection = verdict.allow ? selections?.get(server) : undefined
  if (!verdict.allow || !selection) return verdict
  if (selection.off?.includes(tool)) return refuse('switched-off', verdict.tier)
  const level = lower(verdict.level, selection.level ?? verdict.level)
  return covers(level, entry.level) ? allow(level, verdict.tier) : refuse('selected-lower', verdict.tier)
}

const noAlternatives: readonly Alternative[] = []

/** Every possible verdict, made once, so that deciding allocates nothing. */
const allowedVerdicts = tableOf(TIERS, Level.options, (tier, level): Verdict => ({ allow: true, level, tier }))
const refusedInTier = tableOf(TIERS, REASONS, (tier, reason): Verdict => ({ allow: false, reason, tier }))
const refusedVerdicts = Object.fromEntries(REASONS.map((reason) => [reason, { allow: false, reason }])) as Record<Reason, Verdict>

const allow = (level: Level, tier: Tier): Verdict => allowedVerdicts[tier][level]

const refuse = (reason: Reason, tier?: Tier): Verdict => (tier ? refusedInTier[tier][reason] : refusedVerdicts[reason])

function tableOf<Row extends string, Column extends string, T>(
  rows: readonly Row[],
  columns: readonly Column[],
  make: (row: Row, column: Column) => T,
) {
  const entries = rows.map((row) => [row, Object.fromEntries(columns.map((column) => [column, make(row, column)]))])
  return Object.fromEntries(entries) as Record<Row, Record<Column, T>>
}
