import type { ColumnType, Generated } from 'kysely'

/** What is known of secrets, and the embedded store. */
export interface SecretTables {
  secrets: SecretsTable
  secret_keys: SecretKeysTable
  secret_values: SecretValuesTable
  secret_history: SecretHistoryTable
  secret_check_orders: SecretCheckOrdersTable
  secret_erasures: SecretErasuresTable
}

type Json<T> = ColumnType<T, string, string>
/** A moment that is set later, if at all. */
type Later = ColumnType<Date | null, Date | null | undefined, Date | null>

type SecretHolderColumn = 'person' | 'group' | 'shared'

/** The holder id of a secret that all share. */
export const SHARED_ID = '00000000-0000-7000-8000-000000000000'

interface SecretsTable {
  id: string
  holder_kind: SecretHolderColumn
  /** A user's id, a group's id, or SHARED_ID. */
  holder_id: string
  server: string
  /** The names of its fields. */
  fields: string[]
  /** Rises with every value that is saved, also after the secret was deleted and made anew. */
  version: number
  /** The store that it lies in. */
  store: 'embedded' | 'vault' | 'consul'
  /** What the store calls this value, for check-and-set. */
  store_version: string | null
  /** The address that it was proven for. A server at another address does not get it. */
  audience: string
  /** A state of `@bir/sdk/contract/secret-state` but `expiring`, which follows from `expires_at`. */
  state: string
  /** A `SecretVerdict`: the last judgement of the service. Null when nobody checked it. */
  verdict: Json<unknown> | null
  level: string | null
  expires_at: Later
  saved_at: Generated<Date>
  saved_by: string
  checked_at: Later
  /** When it is checked again. */
  check_after: Later
}

/** The data key of a holder, which the master key wraps. `holder`: `people/<id>`, `groups/<id>` or `shared`. */
interface SecretKeysTable {
  holder: string
  wrapped: Buffer
  made_at: Generated<Date>
}

/** AES-256-GCM with the holder's data key; the path and the version are authenticated too. */
interface SecretValuesTable {
  path: string
  holder: string
  version: number
  sealed: Buffer
}

interface SecretHistoryTable {
  id: string
  holder_kind: SecretHolderColumn
  holder_id: string
  server: string
  at: Generated<Date>
  by: string
  /** saved, refused, checked, deleted, imported, moved. */
  act: string
  version: number | null
  state: string | null
  verdict: Json<unknown> | null
}

interface SecretCheckOrdersTable {
  id: string
  plane: string
  /** Sealed to the plane's key. */
  box: string
  ordered_at: Generated<Date>
  /** How often the plane was given it. */
  given: Generated<number>
  verdict: Json<unknown> | null
}

/** What the store has still to destroy: its server or group is gone, and the secret with it. */
interface SecretErasuresTable {
  holder_kind: SecretHolderColumn
  holder_id: string
  server: string
  since: Generated<Date>
}
