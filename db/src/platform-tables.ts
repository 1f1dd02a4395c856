import type { ColumnType, Generated } from 'kysely'

/** A bigint: the driver may hand it over as text. */
type Int8 = ColumnType<string | number, number, number>
type Instant = ColumnType<Date, Date | undefined, Date>

/** What the platform itself keeps: keys, planes, the published policy, audit, and what must not be used twice. */
export interface PlatformTables {
  keys: KeysTable
  planes: PlanesTable
  server_health: ServerHealthTable
  chunks: ChunksTable
  chunk_slots: ChunkSlotsTable
  revisions: RevisionsTable
  provider_memberships: ProviderMembershipsTable
  revocations: RevocationsTable
  used_assertions: UsedAssertionsTable
  audit_chains: AuditChainsTable
  audit_headers: AuditHeadersTable
  audit_bodies: AuditBodiesTable
}

/** Private halves are wrapped by the master key, which is not in the database. */
interface KeysTable {
  kid: string
  purpose: 'manifest' | 'token' | 'audit' | 'sealing' | 'join'
  wrapped: Buffer
  created_at: Instant
  /** From when it is used; until then it is only known. */
  active_at: ColumnType<Date, Date, Date>
}

interface PlanesTable {
  id: string
  name: string
  /** JSON of a JWK: Ed25519, by which the plane signs. */
  public_jwk: string
  /** JSON of a JWK: X25519, to which secrets are sealed. */
  sealing_jwk: string
  internal_url: string | null
  joined_at: Instant
  seen_at: ColumnType<Date | null, Date | undefined, Date>
  revision: ColumnType<string | number | null, number | undefined, number>
  rejected_revision: ColumnType<string | number | null, number | undefined, number | null>
  rejected_reasons: ColumnType<string[], string[] | undefined, string[]>
  expelled_at: ColumnType<Date | null, Date | undefined, Date>
}

/** How a plane last found a remote server. */
interface ServerHealthTable {
  plane: string
  server: string
  /** The address it was found at. */
  url: string
  state: 'unknown' | 'up' | 'down'
  era: 'legacy' | 'modern' | null
  breaker: 'closed' | 'open'
  /** By the plane's clock. */
  last_success_at: Date | null
  last_error_at: Date | null
  last_error: string | null
  latency_ms: number | null
  /** By ours. */
  reported_at: Date
}

interface ChunksTable {
  sha256: string
  bytes: Buffer
  /** The first revision that did not name it any more; null while one does. */
  unused_since: ColumnType<string | number | null, number | null | undefined, number | null>
}

/** Which chunk holds what in the current revision: `servers`, `bucket/17`, `profile/<name>` … */
interface ChunkSlotsTable {
  slot: string
  sha256: string
}

interface RevisionsTable {
  revision: Int8
  root: string
  manifest: string
  at: Instant
}

/** Memberships that exist because the identity provider says so: what it says later may end them, and no others. */
interface ProviderMembershipsTable {
  group_id: string
  user_id: string
}

interface RevocationsTable {
  kind: 'token' | 'session'
  id: string
  /** By then whatever it voids has expired by itself. */
  expires_at: ColumnType<Date, Date, Date>
}

interface UsedAssertionsTable {
  id: string
  expires_at: ColumnType<Date, Date, Date>
}

/** The head of each plane's chain, as far as it is stored here. */
interface AuditChainsTable {
  plane: string
  seq: Int8
  hash: string
}

interface AuditHeadersTable {
  plane: string
  seq: Int8
  at: ColumnType<Date, Date, never>
  /** Exactly the bytes the hash covers. */
  header: string
  hash: string
  kind: string
  subject: string | null
  handle: string | null
  server: string | null
  tool: string | null
  outcome: string | null
  reason: string | null
}

/** Apart from the headers, so that they can be erased and the chain stays. Bytes, since text of a caller may hold what a text column refuses. */
interface AuditBodiesTable {
  plane: string
  seq: Int8
  at: ColumnType<Date, Date, never>
  args: Buffer | null
  result: Buffer | null
  stored_at: Generated<Date>
}
