import { z } from 'zod'
import { REASONS } from './decide.ts'
import { BreakerState, HealthEra, HealthState } from './internal.ts'
import { Level } from './level.ts'
import { Handle, Id, ServerId, Sha256, ShortHash, TokenId } from './names.ts'
import { grantFields, restrictionFields } from './policy-file.ts'
import { RemoteSettings } from './remote.ts'

/** A moment as text (RFC 3339), such as `2026-11-22T08:00:00Z`. */
export const Instant = z.iso.datetime({ offset: true })

/** A service account is a program that holds grants as a person does, and signs in with its own secret or key. */
export const UserKind = z.enum(['person', 'service'])

/** A person. `provider` and `subject` are how the identity provider knows them (`iss` and `sub`). */
export const User = z.strictObject({
  id: Id,
  handle: Handle,
  /** Absent where the control plane is of an earlier version, which knows people alone. */
  kind: UserKind.optional(),
  provider: Handle,
  subject: z.string(),
  name: z.string().nullable(),
  email: z.string().nullable(),
  administrator: z.boolean(),
  disabled: z.boolean(),
  groups: z.array(Handle),
  /** Set while a declared person has not signed in: the verified address that makes somebody this person. */
  awaitsEmail: z.string().nullable().optional(),
})
/** operator: the holder of the operator key of an embedded gateway. service: a service account. */
export const CallerKind = z.enum(['person', 'service', 'operator'])
/** Who calls the API. */
export const Caller = z.strictObject({
  /** The handle; of an operator, a name such as `operator:root`. */
  handle: z.string(),
  name: z.string().nullable(),
  administrator: z.boolean(),
  kind: CallerKind,
  groups: z.array(Handle),
  /** The session of the token or cookie that the caller came with. */
  sid: z.string().optional(),
  /** The id of the client that the token was issued to. */
  client: z.string().optional(),
})
/**
 * Whether a personal access token is taken. void: its person is disabled, or was since it was made.
 */
export const PersonalTokenState = z.enum(['good', 'expired', 'revoked', 'void'])

/** A personal access token. Its text is shown once, when it is made. */
export const PersonalToken = z.strictObject({
  /** What audit records call it. */
  id: Id,
  user: Handle,
  name: z.string(),
  /** The servers that it is good for, each at its own address. Null: every server. */
  servers: z.array(ServerId).nullable(),
  /** The networks (CIDR) that it is good from. Null: any. */
  networks: z.array(z.string()).nullable(),
  state: PersonalTokenState,
  madeBy: z.string(),
  madeAt: Instant,
  until: Instant,
  /** When a call with it was recorded last, to the minute. Null: never. */
  lastUsed: Instant.nullable(),
})

/** How a client authenticates at the token endpoint (RFC 7591, section 2). */
export const ClientAuthMethod = z.enum(['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'])

/**
 * registered: it registered itself, and nothing that it says of itself is verified. administered: an administrator
 * created it. service: a service account has it.
 */
export const ClientKind = z.enum(['registered', 'administered', 'service'])

/** An OAuth client that the gateway stores. Its secret is shown once, when it is made. */
export const Client = z.strictObject({
  clientId: z.string(),
  kind: ClientKind,
  /** The name of it in commands. */
  handle: z.string().nullable(),
  name: z.string(),
  redirectUris: z.array(z.string()),
  /** Where it may have people sent who signed out. Absent where an older gateway does not tell. */
  postLogoutRedirectUris: z.array(z.string()).optional(),
  grantTypes: z.array(z.string()),
  authMethod: ClientAuthMethod,
  serviceAccount: Handle.nullable(),
  /** True when its service account is disabled: it signs in nowhere. Absent where an older gateway does not tell. */
  disabled: z.boolean().optional(),
  /** False when the policy admits only listed clients, and not this one. */
  admitted: z.boolean(),
  /** True when the policy approves it for everybody, or it is a portal, so that it needs no consent. */
  approved: z.boolean(),
  madeBy: z.string(),
  madeAt: Instant,
  /** True for a portal of the gateway. Absent where an older gateway does not tell. */
  portal: z.boolean().optional(),
  /** The thumbprints (RFC 7638, SHA-256) of the keys that it signs in with, where the gateway stores them. */
  keys: z.array(z.string()).optional(),
  /** When it last authenticated, to the day. Null: never. */
  usedAt: Instant.nullable(),
  /** When it goes unless it is used before. Null: it stays. */
  until: Instant.nullable(),
})

/** A service account. */
export const ServiceAccount = z.strictObject({
  id: Id,
  handle: Handle,
  title: z.string().nullable(),
  /** True when it may administer the gateway. That opens no tool by itself. */
  administrator: z.boolean(),
  disabled: z.boolean(),
  /** The ids of the OAuth clients that sign in as it. */
  clients: z.array(z.string()),
})
export const Group = z.strictObject({
  handle: Handle,
  title: z.string().nullable(),
  /** Everybody who is a member, whatever made them one. */
  members: z.array(Handle),
  /** Those of `members` whom the identity provider made members. Some may be declared by an administrator too. */
  membersFromProvider: z.array(Handle).default([]),
})
/** A grant: one holder may use one server at a level. */
export const Grant = z.strictObject({ id: Id, ...grantFields })
/** A restriction: what one holder may read over one SQL connection. */
export const Restriction = z.strictObject({ id: Id, ...restrictionFields })

/**
 * The state of a remote tool's definition.
 *
 * - approved: the definition that the server offers was approved.
 * - unreviewed: it is new or has changed since an administrator approved it. It is served.
 * - held: it is new or has changed, and is not served. The definition that was approved before is served instead.
 * - retired: the server no longer offers the tool.
 */
export const TrustState = z.enum(['approved', 'unreviewed', 'held', 'retired'])
export type TrustState = z.infer<typeof TrustState>

/** A tool of a server, as the policy has it. */
export const ServerTool = z.strictObject({
  name: z.string(),
  /** The level that a call needs. */
  level: Level,
  /**
   * The level without an administrator's label: a mounted tool
   * declares it, a remote tool's is inferred from its hints and name.
   */
  declared: Level,
  /** True when an administrator's label sets `level`. */
  labelled: z.boolean(),
  /** True when nobody may see or call the tool. */
  hidden: z.boolean(),
  /** Present for remote tools alone. */
  trust: TrustState.optional(),
})

/** The health of a remote server, as one data plane last reported it. */
export const ServerHealth = z.strictObject({
  server: ServerId,
  plane: Id,
  planeName: z.string(),
  state: HealthState,
  /** The protocol era of the server. Null until the plane knows it. */
  era: HealthEra.nullable(),
  /** True when the plane reaches the server, a `legacy` one, over the HTTP+SSE transport of 2024-11-05 (`era: sse`). */
  overSse: z.boolean().optional(),
  /** `open`: the server failed so often that the plane does not call it for a while. */
  breaker: BreakerState,
  /** `lastSuccessAt` and `lastErrorAt` are by the plane's clock. */
  lastSuccessAt: Instant.nullable(),
  lastErrorAt: Instant.nullable(),
  lastError: z.string().nullable(),
  /** Milliseconds that the last answer took. */
  latencyMs: z.number().nullable(),
  /** When the plane last reported. Null when it never reported the server at its present address. */
  reportedAt: Instant.nullable(),
  /** True when the last report is too old to count. */
  stale: z.boolean(),
  /**
   * What is wrong with the server's lists, as this plane last read them: a sentence for each list that cannot be read,
   * and for each entry that was mended, left out or renamed.
   */
  listFaults: z.array(z.string()).optional(),
  /** True while the kill switch of the server is set: every call is refused, however the server is. */
  killed: z.boolean().optional(),
})

/** browser: at the gateway's own pages. client: of an OAuth client with refresh tokens. token: of one access token. */
export const SessionKind = z.enum(['browser', 'client', 'token'])

/** A session: what the claim `sid` of tokens names. */
export const Session = z.strictObject({
  sid: TokenId,
  /** The handle of the person or service account. */
  user: Handle,
  kind: SessionKind,
  /** The id of the client. Of the gateway's own pages: `browser`. */
  client: z.string(),
  /** What the client calls itself. */
  clientName: z.string().nullable(),
  /** What its tokens are good for. */
  audience: z.string().nullable(),
  /** Who acts for the person, such as `operator:root`. */
  actor: z.string().nullable(),
  /** The identity provider that the person signed in with. */
  provider: z.string().nullable(),
  /** Where it began: the address, and the header `User-Agent`. */
  ip: z.string().nullable(),
  userAgent: z.string().nullable(),
  since: Instant,
  /** When a page was opened, or an access token given, last. Calls with the access token are in the audit. */
  lastUsed: Instant,
  /** When it ends, unless it is used before. */
  until: Instant,
})

const serverFields = {
  id: ServerId,
  title: z.string(),
  /** True while the kill switch is set. */
  killed: z.boolean(),
  tools: z.array(ServerTool),
}

/** A server of the policy, with its tools. */
export const Server = z.discriminatedUnion('kind', [
  z.strictObject({ ...serverFields, kind: z.literal('mounted'), settings: z.record(z.string(), z.unknown()) }),
  z.strictObject({ ...serverFields, kind: z.literal('remote'), remote: RemoteSettings }),
])

const Definition = z.record(z.string(), z.unknown())

/** A remote tool: its definition (MCP `Tool`) as it was approved, and as the server offers it. */
export const ToolDefinition = z.strictObject({
  name: z.string(),
  state: TrustState,
  /** The level that the tool needs without a label. */
  level: Level,
  /** `new`, `changed`, and a text for everything suspicious in the definition. */
  flags: z.array(z.string()),
  /** The definition that an administrator approved last; null when there is none. */
  approved: Definition.nullable(),
  /** The definition that the server offers now; null when it no longer offers the tool. */
  offered: Definition.nullable(),
  /**
   * The hash of the offered definition, or of the last one when
   * the tool is retired. Pass it to `servers.approve` as `seen`.
   */
  hash: Sha256,
  /** The same in short, for people to copy. `servers.approve` takes it too. */
  shortHash: ShortHash,
  /** The differences between `approved` and `offered`, a text each. */
  difference: z.array(z.string()),
  firstSeen: Instant,
  /**
   * Who approved the served definition. `registration (<who>)`: nobody looked at it; it was approved because the server
   * offered it first after that administrator had registered it. Null when the server's `trust` setting let it pass.
   */
  decidedBy: z.string().nullable(),
  /** True when the policy hides the tool: then nobody may see or call it, whatever was approved. */
  hidden: z.boolean().optional(),
})

/**
 * What a change of policy means for one person on one server: tools gained and lost, and the level before and after.
 */
export const PlanChange = z.strictObject({
  user: Handle,
  server: ServerId,
  gains: z.array(z.string()),
  loses: z.array(z.string()),
  before: Level,
  after: Level,
  /**
   * True when no plane has reported the server's tools yet. Then `*` stands for every tool that the level covers, and
   * a name comes from a grant and counts only if the server offers that tool.
   */
  unseen: z.boolean(),
})
/** The effect that applying a policy file would have. */
export const Plan = z.strictObject({
  /** A text for each row that the file would add, change or remove. */
  edits: z.array(z.string()),
  /** People who would gain or lose a tool, or get another level. */
  people: z.array(PlanChange),
  /** What is destroyed with the servers and groups that the file removes, such as `3 secrets for the server gitlab`. */
  removed: z.array(z.string()).optional(),
  /** The policy that the plan was made on: give it to `policy.apply` as `expectPolicy`. */
  policy: Sha256.optional(),
})

/** Whether a person may call a tool, and why. */
export const Explanation = z.strictObject({
  user: Handle,
  server: ServerId,
  tool: z.string(),
  allow: z.boolean(),
  /** The level that the tool needs; null when there is no such tool. */
  needs: Level.nullable(),
  /** The level that the person has. */
  level: Level,
  /** Why not; null when `allow` is true. */
  reason: z.enum(REASONS).nullable(),
  /** Set when the server or the tool does not exist. A tool that waits for approval exists. */
  missing: z.enum(['server', 'tool']).nullable(),
  tier: z.enum(['user', 'groups', 'everyone']).nullable(),
  /** The steps of the decision, a text each, in order. */
  because: z.array(z.string()),
  /** The revision of the policy that decided. */
  revision: z.int(),
})

/**
 * An audit record as the search gives it. The fields are those of
 * `AuditHeader`; `at` is RFC 3339, durations are milliseconds.
 */
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
  // A gateway of an earlier version does not say these.
  subject: z.string().nullable().optional(),
  userAgent: z.string().nullable().optional(),
  tokenId: z.string().nullable().optional(),
  sessionId: z.string().nullable().optional(),
  endpoint: z.string().nullable().optional(),
  era: z.string().nullable().optional(),
  httpStatus: z.int().nullable().optional(),
  rpcCode: z.int().nullable().optional(),
  behind: z.boolean().nullable().optional(),
  offline: z.boolean().nullable().optional(),
  argsBytes: z.int().nullable().optional(),
  resultBytes: z.int().nullable().optional(),
  count: z.int().nullable().optional(),
})

/**
 * How far the control plane has the audit of a plane.
 * - current: it has all that the plane told of.
 * - waiting: the plane has records that it should have sent by now.
 * - silent: the plane is not heard of, or refused for its clock. It may have recorded more than it told.
 * - ended: the plane stopped, and everything was sent.
 * - unknown: the plane told nothing yet. It may be new, refused for its clock, or of an older version.
 */
export const AuditStanding = z.enum(['current', 'waiting', 'silent', 'ended', 'unknown'])

/** What a plane has told of its audit, compared with what is stored. */
export const PlaneAudit = z.strictObject({
  standing: AuditStanding,
  /** The sequence number of the last record that the plane has told of. */
  written: z.int().nullable(),
  /** How many records it told of and are not stored. */
  waiting: z.int(),
  /** How many records could not be sent and lie in files on the plane. */
  apart: z.int(),
  /** What the plane says of it to administrators. */
  why: z.string().nullable(),
  toldAt: Instant.nullable(),
})

/**
 * Where a data plane stands. enforcing: it said last that it holds the published policy. behind: it holds another one,
 * or none. rejecting: it refused the published one. clock: its clock is so far off that its requests are refused.
 * away: it was not heard of for a minute; whether it still serves its clients, by what it held, nobody knows.
 * stopped: it said that it stops, and serves nobody.
 */
export const PlaneStanding = z.enum(['enforcing', 'behind', 'rejecting', 'clock', 'away', 'stopped'])

/** A data plane, and what it has reported. */
export const PlaneState = z.strictObject({
  id: Id,
  name: z.string(),
  publicKey: z.looseObject({}),
  joinedAt: Instant,
  /** Its last request. */
  seenAt: Instant.nullable(),
  /** The revision of the policy that it enforces, as it said last. */
  revision: z.int().nullable(),
  /** Absent for an expelled plane, and where the control plane is of an earlier version. */
  standing: PlaneStanding.optional(),
  /** How far its clock is ahead of the control plane's, in ms (below 0: behind); null while they agree. */
  clockOffMs: z.int().nullable().optional(),
  /** The revision that it refused, and why. */
  rejected: z.strictObject({ revision: z.int(), reasons: z.array(z.string()) }).nullable(),
  /** The highest sequence number of its audit that the control plane has stored. */
  auditSeq: z.int(),
  audit: PlaneAudit.optional(),
  /**
   * How many calls it served since its start by tokens that had expired, while no control plane could renew them. Null
   * while it has not told.
   */
  offlineCalls: z.int().nullable().optional(),
  expelled: z.boolean(),
  /** Absent where the control plane is of an earlier version. */
  expelledAt: Instant.nullable().optional(),
  /** It was gone for good and was taken off the list ("bir plane forget"). It counts as expelled too. */
  forgotten: z.boolean().optional(),
})

/**
 * Whether a join line still admits a plane. used: every use is spent. expired: its time is over.
 * void: an administrator revoked it, or a plane that could know it was expelled.
 */
export const JoinLineState = z.enum(['open', 'used', 'expired', 'void'])

/** A data plane that joined with a line. */
export const JoinUse = z.strictObject({
  plane: Id,
  name: z.string(),
  joinedAt: Instant,
  expelled: z.boolean(),
  /** The id of a plane that was expelled in the week before this one joined, or whose name this one took over. */
  joinedAfter: Id.nullable(),
})

/** A line that lets data planes join. Its secret is shown once, when it is made. */
export const JoinLine = z.strictObject({
  id: Id,
  /** `file`: the control plane keeps it in the file that its setting `JOIN_FILE` names. */
  origin: z.enum(['invitation', 'file']),
  /** Only a plane of this name may join with the line. Null: any. */
  name: z.string().nullable(),
  state: JoinLineState,
  /** How many planes may join with it in all. */
  uses: z.int(),
  used: z.int(),
  until: Instant,
  madeBy: z.string(),
  madeAt: Instant,
  voidAt: Instant.nullable(),
  voidReason: z.enum(['revoked', 'expulsion']).nullable(),
  /** The planes that joined with it. */
  planes: z.array(JoinUse),
})
/** A record whose columns in the search index are not those that its header says. */
export const MisfiledRecord = z.strictObject({ seq: z.int(), columns: z.array(z.string()) })

/** Rows of the audit under the id of one plane that belong to no chain: how many, and the number of the first. */
export const StrayRecords = z.strictObject({ plane: z.string(), count: z.int(), seq: z.string() })

/** The audit chain of a data plane, or of the control plane itself. `publicKey` (JWK) verifies its signatures. */
export const AuditChain = z.strictObject({
  plane: Id,
  name: z.string(),
  publicKey: z.looseObject({}),
  /** The sequence number of the last record. A chain that ends earlier was cut. */
  seq: z.int(),
})
