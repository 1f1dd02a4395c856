import type { Reason, Verdict } from '@bir/sdk/contract/decide'
import type { SecretStanding } from '@bir/sdk/contract/decide-secret'
import { TIERS } from '@bir/sdk/contract/snapshot'
import type { Selection, Tier, ToolEntry } from '@bir/sdk/contract/snapshot'
import { fileGrant, describeGrant } from '../grants/grants.ts'
import type { HolderName } from '../holders/holder.ts'
import type { GrantRow } from '../policy-rows/types.ts'

/** The facts that a verdict was based on. */
export interface Evidence {
  user: { handle: string; kind: 'person' | 'service'; provider: string; groups: string[]; disabled: boolean }
  server: { id: string; exists: boolean; remote: boolean; killed: boolean }
  /** Undefined when the server has no such tool. */
  tool: {
    name: string
    entry: ToolEntry | undefined
    declared: string | undefined
    /** A definition of the tool waits for approval. */
    pending: boolean
  }
  /** All grants on the server that reach the person: their own, those of their groups, and those of everyone. */
  grants: readonly GrantRow[]
  name: (row: GrantRow) => HolderName
  selection: Selection | undefined
  /** Undefined when the server needs no secret. */
  secret: SecretStanding | undefined
  verdict: Verdict
  nowMs: number
}

/** Explains a verdict in sentences, in the order of the checks. The verdict itself comes from `decide`. */
export function explanationLines(evidence: Evidence): string[] {
  return [
    ...userLines(evidence),
    ...serverLines(evidence),
    ...toolLines(evidence),
    ...grantLines(evidence),
    ...selectionLines(evidence),
    ...secretLines(evidence),
    conclusion(evidence),
  ]
}

function userLines({ user: { handle, kind, provider, groups, disabled } }: Evidence): string[] {
  const membership =
    groups.length === 0 ? 'belongs to no group' : `belongs to ${groups.length === 1 ? 'group' : 'groups'} ${groups.join(', ')}`
  const who = kind === 'service' ? `${handle} is a service account.` : `${handle}, known through ${provider}, ${membership}.`
  return [who, ...(disabled ? [`The account of ${handle} is disabled.`] : [])]
}

function serverLines({ server: { id, exists, killed } }: Evidence): string[] {
  if (!exists) return [`There is no server ${id}.`]
  return killed ? [`The server ${id} is switched off for everyone.`] : []
}

function toolLines({ server, tool: { name, entry, declared, pending } }: Evidence): string[] {
  if (!server.exists) return []
  if (!entry && pending) return [`The server ${server.id} offers ${name}, which is held back until an administrator approves it.`]
  if (!entry) return [`The server ${server.id} has no tool ${name}.`]
  const source = entry.labelled ? `by an administrator's label; ${declaredWords(server.remote, declared)}` : sourceWords(server.remote)
  return [
    `The tool ${name} needs ${entry.level}, ${source}.`,
    ...(entry.hidden ? [`An administrator has hidden ${name}: nobody sees it or may call it.`] : []),
  ]
}

const sourceWords = (remote: boolean) => (remote ? 'as its hints and its name tell' : 'as the server declares')

const declaredWords = (remote: boolean, declared: string | undefined) =>
  remote ? `its hints and its name tell ${declared}` : `the server itself declares ${declared}`

const tierNames: Record<Tier, string> = {
  user: "The person's own grants",
  groups: 'The grants of their groups',
  everyone: 'The grants of everyone',
}
const holderKinds = { user: 'user', groups: 'group', everyone: 'everyone' } as const

function grantLines({ grants, name, server, nowMs }: Evidence): string[] {
  const byTier = TIERS.map((tier) => ({ tier, grants: grants.filter(({ kind }) => kind === holderKinds[tier]) }))
  const decidingTier = byTier.find(({ grants }) => grants.some((grant) => isLive(grant, nowMs)))?.tier
  const lines = byTier.flatMap(({ tier, grants }) => {
    const status = (grant: GrantRow) => {
      if (!isLive(grant, nowMs)) return ' It has expired.'
      return tier === decidingTier ? '' : ' Not considered: a nearer grant decides.'
    }
    return grants.map((grant) => `Grant: ${describeGrant(fileGrant(grant, name(grant)))}.${status(grant)}`).sort()
  })
  if (lines.length === 0) return [`No grant on ${server.id} reaches this person.`]
  return [
    ...lines,
    decidingTier ? `${tierNames[decidingTier]} decide: they are the nearest that have not expired.` : 'Every grant has expired.',
  ]
}

const isLive = ({ expiresAtMs }: GrantRow, nowMs: number) => expiresAtMs === null || nowMs < expiresAtMs

function selectionLines({ user: { handle }, server, selection }: Evidence): string[] {
  if (!selection) return []
  return [
    ...(selection.level === undefined ? [] : [`${handle} has chosen no more than ${selection.level} on ${server.id}.`]),
    ...(selection.off?.length ? [`${handle} has switched off ${selection.off.join(', ')}.`] : []),
  ]
}

const holderWords = { person: "the person's own", group: "their group's", shared: 'the shared one' } as const

function secretLines({ user: { handle }, server: { id }, secret }: Evidence): string[] {
  if (!secret) return []
  if (secret.usable) {
    const { holder, level, expiresAtMs } = secret.secret
    const until = expiresAtMs === undefined ? '' : `, until ${new Date(expiresAtMs).toISOString()}`
    return [`The server ${id} needs a secret: ${handle} uses ${holderWords[holder.kind]}, which covers ${level}${until}.`]
  }
  if (secret.why === 'missing')
    return [`The server ${id} needs a secret, and there is none for ${handle}: "bir secret put ${id}" gives one.`]
  const whose = secret.holder ? holderWords[secret.holder.kind] : 'one'
  return [`The server ${id} needs a secret, and ${whose} is not good: ${faultWords[secret.why]}.`]
}

const faultWords = {
  expired: 'it has expired',
  invalid: 'the service does not take it any more',
  insufficient_scope: 'it lacks scopes',
  wrong_person: 'it belongs to somebody else',
  moved: 'it was proven for another address of the server',
  unusable: 'this version does not know its state',
} as const

/** Each reason in words that an administrator can act on. */
const sentences: Record<Reason, string> = {
  'unknown-person': 'the policy does not know this person',
  'person-disabled': 'the account is disabled',
  'unknown-server': 'there is no such server',
  'server-killed': 'the server is switched off for everyone',
  'unknown-tool': 'the server has no such tool',
  'tool-hidden': 'an administrator has hidden the tool',
  'no-grant': 'nothing grants this person anything on the server',
  'grants-expired': 'every grant on the server has expired',
  'disabled-for-user': "a grant of the person's own says disabled, which ends it",
  'disabled-for-group': 'the grants that decide say disabled, which grants nothing',
  'tool-denied': 'a grant that decides denies this tool, whatever others allow',
  'tool-not-in-list': 'the grants that decide are for other tools only',
  'level-too-low': 'the level granted does not cover what the tool needs',
  'switched-off': 'the person has switched this tool off',
  'selected-lower': 'the person has chosen a lower level than the tool needs',
  'secret-missing': 'the server needs a secret of the person, and there is none',
  'secret-unusable': 'the server needs a secret of the person, and the one that there is is not good any more',
  'secret-level-too-low': 'the secret of the person may do less than the tool needs',
}

function conclusion({ verdict }: Evidence): string {
  return verdict.allow ? `Allowed, at level ${verdict.level}.` : `Refused (${verdict.reason}): ${sentences[verdict.reason]}.`
}
