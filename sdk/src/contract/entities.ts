import { z } from 'zod'
import { REASONS } from './decide.ts'
import { BreakerState, HealthEra, HealthState } from './internal.ts'
import { Level } from './level.ts'
import { Handle, Id, ServerId, Sha256 } from './names.ts'
import { grantFields, restrictionFields } from './policy-file.ts'
import { RemoteSettings } from './remote.ts'

/** What the control plane's API gives: people, policy and what became of it, as its operations answer. */

/** RFC 3339. */
export const Instant = z.iso.datetime({ offset: true })

export const User = z.strictObject({
  id: Id,
  handle: Handle,
  provider: Handle,
  subject: z.string(),
  name: z.string().nullable(),
  email: z.string().nullable(),
  administrator: z.boolean(),
  disabled: z.boolean(),
  groups: z.array(Handle),
})
export const Group = z.strictObject({ handle: Handle, title: z.string().nullable(), members: z.array(Handle) })
export const Grant = z.strictObject({ id: Id, ...grantFields })
export const Restriction = z.strictObject({ id: Id, ...restrictionFields })
/**
 * How a remote tool's definition stands. approved: what is offered was approved. unreviewed: new or changed since an
 * administrator looked, and served. held: new or changed, and held back; what was approved before is served. retired: no longer offered.
 */
export const TrustState = z.enum(['approved', 'unreviewed', 'held', 'retired'])
export type TrustState = z.infer<typeof TrustState>

export const ServerTool = z.strictObject({
  name: z.string(),
  /** What it needs. */
  level: Level,
  /** What it would need without an administrator's label: declared by our own code, or taken from a remote tool's hints and name. */
  declared: Level,
  labelled: z.boolean(),
  hidden: z.boolean(),
  /** Remote tools only. */
  trust: TrustState.optional(),
})

/** A remote server as one data plane last found it. */
export const ServerHealth = z.strictObject({
  server: ServerId,
  plane: Id,
  planeName: z.string(),
  state: HealthState,
  /** Null until it is found out. */
  era: HealthEra.nullable(),
  /** `open`: it failed so often that it is spared for a while. */
  breaker: BreakerState,
  /** These two by the plane's clock. */
  lastSuccessAt: Instant.nullable(),
  lastErrorAt: Instant.nullable(),
  lastError: z.string().nullable(),
  /** How long its last answer took. */
  latencyMs: z.number().nullable(),
  /** Null when this plane has told nothing of the server at its present address. */
  reportedAt: Instant.nullable(),
  /** The plane has been silent for so long that what it said no longer counts. */
  stale: z.boolean(),
})

const shownServer = {
  id: ServerId,
  title: z.string(),
  /** Switched off for everyone. */
  killed: z.boolean(),
  tools: z.array(ServerTool),
}

export const Server = z.discriminatedUnion('kind', [
  z.strictObject({ ...shownServer, kind: z.literal('mounted'), settings: z.record(z.string(), z.unknown()) }),
  z.strictObject({ ...shownServer, kind: z.literal('remote'), remote: RemoteSettings }),
])

const Definition = z.record(z.string(), z.unknown())

/** A remote tool as it was approved and as it is offered. */
export const ToolDefinition = z.strictObject({
  name: z.string(),
  state: TrustState,
  /** What it would need without a label. */
  level: Level,
  /** `new`, `changed`, and what about it is suspicious, in words. */
  flags: z.array(z.string()),
  /** As an administrator last approved it; null when nobody ever did. */
  approved: Definition.nullable(),
  /** As the server offers it now; null when it no longer does. */
  offered: Definition.nullable(),
  /** Names what is offered, or, when nothing is, what was. */
  hash: Sha256,
  /** From approved to offered, in words. */
  difference: z.array(z.string()),
  firstSeen: Instant,
  /** Who approved what is served; null when the policy of trust let it pass. */
  decidedBy: z.string().nullable(),
})

/** A person's way to a tool that a change of policy opens, closes or moves. */
export const PlanChange = z.strictObject({
  user: Handle,
  server: ServerId,
  gains: z.array(z.string()),
  loses: z.array(z.string()),
  before: Level,
  after: Level,
  /**
   * No plane has shown what the server offers, so its tools cannot be named: `*` stands for whatever it offers that the level
   * covers, and names are those that a grant lists, if they are offered.
   */
  unseen: z.boolean(),
})
export const Plan = z.strictObject({
  /** Rows the file would add, change or remove, in words. */
  edits: z.array(z.string()),
  people: z.array(PlanChange),
})

export const Explanation = z.strictObject({
  user: Handle,
  server: ServerId,
  tool: z.string(),
  allow: z.boolean(),
  needs: Level.nullable(),
  level: Level,
  reason: z.enum(REASONS).nullable(),
  /** What was asked about and does not exist. A tool held back until somebody approves it does. */
  missing: z.enum(['server', 'tool']).nullable(),
  tier: z.enum(['user', 'groups', 'everyone']).nullable(),
  /** What was looked at, in words, in the order it was looked at. */
  because: z.array(z.string()),
  revision: z.int(),
})

export const AuditRow = z.strictObject({
  plane: Id,
  seq: z.int(),
  at: Instant,
  kind: z.string(),
  user: z.string().nullable(),
  actor: z.string().nullable(),
  client: z.string().nullable(),
  ip: z.string().nullable(),
  method: z.string().nullable(),
  server: z.string().nullable(),
  tool: z.string().nullable(),
  level: z.string().nullable(),
  outcome: z.string().nullable(),
  reason: z.string().nullable(),
  detail: z.string().nullable(),
  revision: z.int().nullable(),
  durationMs: z.number().nullable(),
  args: z.string().nullable(),
  result: z.string().nullable(),
  traceId: z.string().nullable(),
  call: z.string().nullable(),
})

export const PlaneState = z.strictObject({
  id: Id,
  name: z.string(),
  publicKey: z.looseObject({}),
  joinedAt: Instant,
  seenAt: Instant.nullable(),
  revision: z.int().nullable(),
  rejected: z.strictObject({ revision: z.int(), reasons: z.array(z.string()) }).nullable(),
  auditSeq: z.int(),
  expelled: z.boolean(),
})

/** A chain of audit records: a data plane's, or the control plane's own. Its signed heads hold by `publicKey`. */
export const AuditChain = z.strictObject({
  plane: Id,
  name: z.string(),
  publicKey: z.looseObject({}),
  /** The last record the gateway has: a chain that ends before was cut. */
  seq: z.int(),
})
