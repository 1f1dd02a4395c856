import type { Database, HolderKind, ToolLabels } from '@bir/db/schema'
import type { Level } from '@bir/sdk/contract/level'
import type { Selection } from '@bir/sdk/contract/snapshot'
import type { Kysely, Transaction } from 'kysely'

/** Reads what compiling needs, as plain rows. Several reads make one policy only inside one repeatable-read transaction. */
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
}

/** What compiling needs to know of a remote server's tool. */
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

/** Everything but people: small whatever the size of the company. */
export interface PolicyRows {
  servers: ServerRow[]
  definitions: DefinitionFacts[]
  groups: GroupRow[]
  grants: GrantRow[]
  restrictions: RestrictionRow[]
  /** What differs from the defaults. */
  settings: Record<string, unknown>
}

export interface PersonRow {
  id: string
  handle: string
  disabled: boolean
  bucket: number
  /** Ids of groups. */
  groups: string[]
  selections: Record<string, Selection>
}
