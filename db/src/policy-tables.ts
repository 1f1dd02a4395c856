import type { Level } from '@bir/sdk/contract/level'
import type { ColumnType, GeneratedAlways, Generated } from 'kysely'

/** Tables of what people may do. */
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
  dirty: DirtyTable
  classes: ClassesTable
  bucket_classes: BucketClassesTable
}

/** Written as JSON text, read as what it says. */
type Json<T> = ColumnType<T, string, string>

interface UsersTable {
  /** A UUIDv7 of ours: it never changes and never repeats. */
  id: string
  handle: string
  provider: string
  subject: string
  name: string | null
  email: string | null
  administrator: Generated<boolean>
  disabled: Generated<boolean>
  /** Seconds since 1970: tokens issued before it are void. 0 = none is. A bigint: read it through Number(). */
  epoch: ColumnType<string, number | undefined, number>
  /** The last 12 bits of the id: which bucket of `principals` the person is in. */
  bucket: GeneratedAlways<number>
  created_at: Generated<Date>
  updated_at: Generated<Date>
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

/** The holder id of everyone, whoever they are. */
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
  /** Only these tools; null = all the level covers. */
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
  /** Null = the title it declares, or its id. */
  title: string | null
  /** Its own words where it is mounted; what differs from the defaults of `RemoteSettings` where it is remote. */
  settings: Json<Record<string, unknown>>
  labels: Json<ToolLabels>
  /** Switched off for everyone. */
  killed: Generated<boolean>
  /** Which administrator registered it at its address: what it is first found to offer there is approved by that act. */
  registered_by: string | null
  /** Has it been found to offer anything since? */
  examined: Generated<boolean>
  created_at: Generated<Date>
}

/** What remote servers offer. At most two rows a tool: one decided upon, one that waits. */
interface DefinitionsTable {
  server: string
  name: string
  /** SHA-256 of `definition`. */
  hash: string
  /** Canonical JSON of the tool as the server lists it. */
  definition: string
  read_only: boolean | null
  destructive: boolean | null
  /** approved: served. pending: held back. retired: was approved, and is offered no longer. */
  state: 'approved' | 'pending' | 'retired'
  /** Why an administrator should look; null once one has. */
  mark: 'new' | 'changed' | null
  /** What is suspicious about it, in words. */
  flags: string[]
  /** What it took the place of unreviewed: the definition an administrator last knew. */
  reviewed: string | null
  /** Null where the policy of trust let it pass. */
  decided_by: string | null
  first_seen: Generated<Date>
}

/** One row at most. `values` holds what differs from the defaults. */
interface SettingsTable {
  only: Generated<boolean>
  values: Json<Record<string, unknown>>
}

/**
 * What a committed change has made stale and no revision holds yet: `policy`, `all`, or a bucket's number. Rows are only
 * added by changes and only deleted by the publisher; they do not repeat-check each other, so none is lost between two of them.
 */
interface DirtyTable {
  id: GeneratedAlways<string>
  part: string
}

/** The classes that have people, as of the last publication, and how many buckets each is found in. The publisher's. */
interface ClassesTable {
  key: string
  holders: string[]
  buckets: number
}

/** The classes found in each bucket, as of the last publication. The publisher's. */
interface BucketClassesTable {
  bucket: number
  keys: string[]
}
