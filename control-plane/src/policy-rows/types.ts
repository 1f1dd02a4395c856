import type { Database, HolderKind, ToolLabels } from '@bir/db/schema'
import type { Level } from '@bir/sdk/contract/level'
import type { SecretPolicy } from '@bir/sdk/contract/secret-policy'
import type { Selection } from '@bir/sdk/contract/snapshot'
import type { Kysely, Transaction } from 'kysely'

/**
 * A connection or a transaction. Several reads show one consistent policy only inside one repeatable-read
 * transaction.
 */
export type Db = Kysely<Database> | Transaction<Database>

export interface HolderRow {
  id: string
  kind: HolderKind
  holderId: string
  server: string
}

export interface GrantRow extends HolderRow {
  level: Level
  allow: string[] | null
  deny: string[] | null
  expiresAtMs: number | null
}

export interface RestrictionRow extends HolderRow {
  connection: string
  allow: string[] | null
  deny: string[] | null
  hide: Record<string, string[]> | null
  mask: Record<string, string[]> | null
  maxRows: number | null
  timeoutMs: number | null
}

export interface ServerRow {
  id: string
  kind: 'mounted' | 'remote'
  title: string | null
  settings: Record<string, unknown>
  labels: ToolLabels
  killed: boolean
  /** What the administrator says of its secrets; null = the defaults. */
  secret: SecretPolicy | null
}

/** What is known of a secret, as far as planes must know it. */
export interface SecretFacts {
  kind: 'person' | 'group' | 'shared'
  holderId: string
  server: string
  version: number
  /** A state of the table `secrets`. */
  state: string
  level: Level | null
  expiresAtMs: number | null
}

/** The facts about a tool of a remote server that the compiler needs. */
export interface DefinitionFacts {
  server: string
  name: string
  hash: string
  readOnly: boolean | null
  destructive: boolean | null
  state: 'approved' | 'pending' | 'retired'
  mark: 'new' | 'changed' | null
}

export interface GroupRow {
  id: string
  handle: string
  title: string | null
}

/** The whole policy except people. It stays small in a large company too. */
export interface PolicyRows {
  servers: ServerRow[]
  definitions: DefinitionFacts[]
  groups: GroupRow[]
  grants: GrantRow[]
  restrictions: RestrictionRow[]
  /** The settings that differ from the defaults. */
  settings: Record<string, unknown>
  /** The secrets of groups, and those that are shared. */
  secrets: SecretFacts[]
}

export interface PersonRow {
  id: string
  handle: string
  disabled: boolean
  bucket: number
  /** The ids of the person's groups. */
  groups: string[]
  selections: Record<string, Selection>
  /** Their own. */
  secrets: SecretFacts[]
}
