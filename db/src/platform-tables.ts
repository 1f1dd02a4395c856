import type { ColumnType, Generated } from 'kysely'

/** A bigint: the driver may return it as text. */
type Int8 = ColumnType<string | number, number, number>
type Instant = ColumnType<Date, Date | undefined, Date>

/** The tables of the platform: keys, planes, the published policy, audit, and used assertions. */
export interface PlatformTables {
  keys: KeysTable
  planes: PlanesTable
  join_lines: JoinLinesTable
  server_health: ServerHealthTable
  list_faults: ListFaultsTable
  chunks: ChunksTable
  chunk_slots: ChunkSlotsTable
  revisions: RevisionsTable
  histories: HistoriesTable
  provider_memberships: ProviderMembershipsTable
  revocations: RevocationsTable
  used_assertions: UsedAssertionsTable
  audit_chains: AuditChainsTable
  audit_headers: AuditHeadersTable
  audit_bodies: AuditBodiesTable
}

/** The private keys are encrypted with the master key, which is not in the database. */
interface KeysTable {
  kid: string
  purpose: 'manifest' | 'token' | 'audit' | 'sealing'
  wrapped: Buffer
  created_at: Instant
  /** The key is used from this moment on. Before it, the key is only published. */
  active_at: ColumnType<Date, Date, Date>
}

interface PlanesTable {
  id: string
  name: string
  /** A JWK as JSON: the Ed25519 key that verifies what the plane signs. */
  public_jwk: string
  /** A JWK as JSON: the X25519 key that secrets for the plane are sealed to. */
  sealing_jwk: string
  internal_url: string | null
  joined_at: Instant
  seen_at: ColumnType<Date | null, Date | undefined, Date>
  /** What the plane holds, as it said last. The two others are null where its version does not say them. */
  revision: ColumnType<string | number | null, number | undefined, number | null>
  held_history: ColumnType<string | null, string | undefined, string | null>
  held_root: ColumnType<string | null, string | undefined, string | null>
  rejected_revision: ColumnType<string | number | null, number | undefined, number | null>
  rejected_reasons: ColumnType<string[], string[] | undefined, string[]>
  /** Since then the plane is no member: it was expelled, or `forgotten`. */
  expelled_at: ColumnType<Date | null, Date | undefined, Date>
  /** It was gone for good when it was taken off the list, and is not under suspicion. */
  forgotten: ColumnType<boolean, boolean | undefined, boolean>
  /** How far its clock is ahead of the control plane's (below 0: behind); null while they agree. */
  clock_off_ms: ColumnType<string | number | null, number | undefined, number | null>
  /** The plane opens tokens that are sealed to `sealing_jwk`. */
  opens_sealed: ColumnType<boolean, boolean | undefined, boolean>
  /** The last record that the plane told of; null when it never told. The next columns are of the same report. */
  audit_written: ColumnType<string | number | null, number | undefined, number>
  audit_told_at: ColumnType<Date | null, Date | undefined, Date>
  /** Since when the oldest record waits that was not stored then, by the control plane's clock. */
  audit_waiting_since: ColumnType<Date | null, Date | undefined, Date | null>
  /** Since when records up to `audit_gap_to` are missing here, whatever the plane thinks; both null while none is. */
  audit_gap_since: ColumnType<Date | null, Date | undefined, Date | null>
  audit_gap_to: ColumnType<string | number | null, number | undefined, number | null>
  /** How many records could not be sent and lie in files on the plane. */
  audit_apart: ColumnType<number, number | undefined, number>
  audit_why: ColumnType<string | null, string | undefined, string | null>
  /** The plane said that it stops. */
  audit_ended: ColumnType<boolean, boolean | undefined, boolean>
  /** How many calls it answered by a token that had expired, while no control plane could renew it. */
  offline_calls: ColumnType<string | number | null, number | undefined, number>
  /** The line that the plane joined with; null when it joined before there were such lines. */
  join_line: ColumnType<string | null, string | undefined, never>
  /** The plane whose expulsion came shortly before this one joined, or that had the same name. */
  joined_after: ColumnType<string | null, string | undefined, never>
}

/** The lines that let planes join. They stay when they are over: they say which plane came by which. */
interface JoinLinesTable {
  id: string
  /** SHA-256, in hex. The secret has 256 random bits, so a plain hash cannot be guessed. */
  secret_hash: string
  /** file: the control plane made it for its JOIN_FILE. */
  origin: 'invitation' | 'file'
  /** Only a plane of this name may use the line. */
  name: string | null
  uses: number
  used: ColumnType<number, number | undefined, number>
  made_by: string
  made_at: Instant
  until: ColumnType<Date, Date, Date>
  void_at: ColumnType<Date | null, Date | undefined, Date>
  void_reason: ColumnType<'revoked' | 'expulsion' | null, 'revoked' | 'expulsion' | undefined, 'revoked' | 'expulsion'>
}

/** The health of a remote server, as one plane last reported it. */
interface ServerHealthTable {
  plane: string
  server: string
  /** The address that the report is about. */
  url: string
  state: 'unknown' | 'up' | 'down'
  era: 'legacy' | 'modern' | null
  /** The server is a legacy one of the HTTP+SSE transport. */
  over_sse: ColumnType<boolean, boolean | undefined, boolean>
  breaker: 'closed' | 'open'
  /** By the plane's clock, like `last_error_at`. */
  last_success_at: Date | null
  last_error_at: Date | null
  last_error: string | null
  latency_ms: number | null
  /** By the control plane's clock. */
  reported_at: Date
}

/** What is wrong with the lists of a remote server, as one plane last told. */
interface ListFaultsTable {
  plane: string
  server: string
  /** The address that the report is about. */
  url: string
  faults: string[]
  /** By the control plane's clock. */
  reported_at: Date
}

interface ChunksTable {
  sha256: string
  bytes: Buffer
  /** The first revision that no longer names the chunk; null while the current revision names it. */
  unused_since: ColumnType<string | number | null, number | null | undefined, number | null>
}

/** The chunk in each slot of the current revision. Slots are `servers`, `bucket/17`, `profile/<name>` … */
interface ChunkSlotsTable {
  slot: string
  sha256: string
}

interface RevisionsTable {
  revision: Int8
  root: string
  manifest: string
  at: Instant
  /** Null where a control plane of an earlier version published it. */
  history: ColumnType<string | null, string | undefined, never>
}

/** A new one begins whenever the database was set back. The one with the highest number is in use. */
interface HistoriesTable {
  number: number
  id: string
  /** Its revisions have higher numbers than this one. */
  above: Int8
  /** Tells the database from a copy of it. */
  place: string | null
  why: string
  /** The plane that showed that the database was set back. */
  plane: string | null
  began_at: ColumnType<Date, Date | undefined, never>
}

/** Memberships that the identity provider gave. A later sign-in may end these, and no others. */
interface ProviderMembershipsTable {
  group_id: string
  user_id: string
  /** A policy file or an administrator declares the membership too: it stays when the provider takes it back. */
  declared: ColumnType<boolean, boolean | undefined, boolean>
}

interface RevocationsTable {
  kind: 'token' | 'session'
  id: string
  /** By this moment the revoked token has expired anyway. */
  expires_at: ColumnType<Date, Date, Date>
}

interface UsedAssertionsTable {
  id: string
  expires_at: ColumnType<Date, Date, Date>
}

/** The head of each plane's chain: the last record that is stored here. */
interface AuditChainsTable {
  plane: string
  seq: Int8
  hash: string
}

interface AuditHeadersTable {
  plane: string
  seq: Int8
  at: ColumnType<Date, Date, never>
  /** Exactly the bytes that the hash covers. */
  header: string
  hash: string
  kind: string
  subject: string | null
  handle: string | null
  server: string | null
  tool: string | null
  outcome: string | null
  reason: string | null
  /** The id of the request, by which a person's page names its record. Null in records of earlier versions. */
  call: ColumnType<string | null, string | null | undefined, string | null>
}

/**
 * Bodies have a table of their own, so that they can be erased while the chain of headers stays whole. They are
 * bytes, because text that a caller sends may hold a NUL, which a text column refuses.
 */
interface AuditBodiesTable {
  plane: string
  seq: Int8
  at: ColumnType<Date, Date, never>
  args: Buffer | null
  result: Buffer | null
  stored_at: Generated<Date>
}
