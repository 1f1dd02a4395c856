import type { Level } from '@bir/sdk/contract/level'
import type { SecretPolicy } from '@bir/sdk/contract/secret-policy'
import type { ColumnType, GeneratedAlways, Generated } from 'kysely'

/** The tables of the policy: who may do what. */
export interface PolicyTables {
  users: UsersTable
  groups: GroupsTable
  memberships: MembershipsTable
  grants: GrantsTable
  restrictions: RestrictionsTable
  selections: SelectionsTable
  servers: ServersTable
  definitions: DefinitionsTable
  settings: SettingsTable
  policy_sections: PolicySectionsTable
  dirty: DirtyTable
  classes: ClassesTable
  bucket_classes: BucketClassesTable
}

/** A jsonb column: written as JSON text, read as the parsed value. */
type Json<T> = ColumnType<T, string, string>

interface UsersTable {
  /** A UUIDv7 that we make. It never changes, and no other person ever gets it. */
  id: string
  handle: string
  provider: string
  subject: string
  /** A service account holds grants as a person does. */
  kind: Generated<'person' | 'service'>
  name: string | null
  email: string | null
  /** True when the provider, an administrator or a policy file says that the address is this person's. */
  email_verified: Generated<boolean>
  administrator: Generated<boolean>
  disabled: Generated<boolean>
  /** True when only a file that left them out disabled them. A file that declares them again enables them. */
  disabled_by_file: Generated<boolean>
  /** Seconds since 1970. Tokens issued before this moment are void; 0 = none is. A bigint: read it with Number(). */
  epoch: ColumnType<string, number | undefined, number>
  /** The last 12 bits of the id: which bucket of `principals` the person is in. */
  bucket: GeneratedAlways<number>
  /** What a policy file says of the person; null when none declares them. */
  declared: ColumnType<DeclaredUser | null, string | null | undefined, string | null>
  /** Whether `subject` is one of the provider. False: it is only a placeholder, and nobody has signed in. */
  claimed: Generated<boolean>
  /** True while a file says the subject, and nobody has come with it yet. */
  awaits_subject: Generated<boolean>
  /** Who signs in with this verified address, in lower case, is this person. Null when nobody may become them so. */
  awaits_email: ColumnType<string | null, string | null | undefined, string | null>
  created_at: Generated<Date>
  updated_at: Generated<Date>
}

interface DeclaredUser {
  name?: string | undefined
  email?: string | undefined
  subject?: string | undefined
}

interface GroupsTable {
  id: string
  handle: string
  title: string | null
  created_at: Generated<Date>
}

interface MembershipsTable {
  group_id: string
  user_id: string
}

export type HolderKind = 'user' | 'group' | 'everyone'

/** The holder id that stands for everyone. */
export const EVERYONE_ID = '00000000-0000-7000-8000-000000000000'

interface HolderColumns {
  id: string
  holder_kind: HolderKind
  /** A user's id, a group's id, or EVERYONE_ID. */
  holder_id: string
  server: string
  created_at: Generated<Date>
}

interface GrantsTable extends HolderColumns {
  level: Level
  /** Only these tools; null = all tools that the level covers. */
  allow: string[] | null
  /** Never these tools. */
  deny: string[] | null
  expires_at: Date | null
}

interface RestrictionsTable extends HolderColumns {
  connection: string
  allow: string[] | null
  deny: string[] | null
  hide: Json<Record<string, string[]> | null> | null
  mask: Json<Record<string, string[]> | null> | null
  max_rows: number | null
  timeout_ms: number | null
}

interface SelectionsTable {
  user_id: string
  server: string
  level: Level | null
  off: string[] | null
}

export type ToolLabels = Record<string, { level?: Level | undefined; hidden?: boolean | undefined }>

interface ServersTable {
  id: string
  kind: 'mounted' | 'remote'
  /** Null = the title that the server declares, or else its id. */
  title: string | null
  /** Mounted: the settings that the server defines. Remote: what differs from the defaults of `RemoteSettings`. */
  settings: Json<Record<string, unknown>>
  labels: Json<ToolLabels>
  /** Switched off for everyone. */
  killed: Generated<boolean>
  /**
   * The administrator who registered the server at its address. Registering approves the first definitions that are
   * found at this address.
   */
  registered_by: string | null
  /** True once a plane has found tools at this address. */
  examined: Generated<boolean>
  /** A `SecretPolicy`; null = the defaults. */
  secret: ColumnType<SecretPolicy | null, string | null | undefined, string | null>
  created_at: Generated<Date>
}

/** The tools that remote servers offer. A tool has at most two rows: one with a decision, one pending. */
interface DefinitionsTable {
  server: string
  name: string
  /** SHA-256 of `definition`. */
  hash: string
  /** Canonical JSON of the tool as the server lists it. */
  definition: string
  read_only: boolean | null
  destructive: boolean | null
  /** approved: served. pending: held back. retired: was approved, but the server no longer offers it. */
  state: 'approved' | 'pending' | 'retired'
  /** Why an administrator should review it; null after the review. */
  mark: 'new' | 'changed' | null
  /** Sentences about what is suspicious in it. */
  flags: string[]
  /** The last reviewed definition, when this one replaced it without a review. */
  reviewed: string | null
  /** Null when the trust setting approved it, not a person. */
  decided_by: string | null
  first_seen: Generated<Date>
}

/** At most one row. `values` holds the settings that differ from the defaults. */
interface SettingsTable {
  only: Generated<boolean>
  values: Json<Record<string, unknown>>
}

/** Sections of the policy file that never reach a data plane, such as `providers`, as the file has them. */
interface PolicySectionsTable {
  name: 'providers' | 'clients'
  value: Json<Record<string, unknown>>
}

/**
 * The parts of the snapshot that committed changes have made stale: `policy`, `all`, or the number of a bucket.
 * Changes only add rows, and only the publisher deletes them. There is no unique key: two changes of the same part
 * add two rows, so that a publisher that deletes the first cannot lose the second.
 */
interface DirtyTable {
  id: GeneratedAlways<string>
  part: string
  /** There is a new revision also if the planes get the same policy as before. */
  own_revision: Generated<boolean>
}

/** The classes that had people at the last publication, and in how many buckets. Only the publisher writes here. */
interface ClassesTable {
  key: string
  holders: string[]
  buckets: number
}

/** The classes in each bucket at the last publication. Only the publisher writes here. */
interface BucketClassesTable {
  bucket: number
  keys: string[]
}
