import type { MountedServer } from '@bir/data-plane/catalog'
import type { Database } from '@bir/db/schema'
import type { ProviderState } from '@bir/sdk/contract/provider-state'
import type { SecretFields } from '@bir/sdk/contract/secret-holder'
import type { SecretVerdict } from '@bir/sdk/contract/secret-verdict'
import type { PublicJwk } from '@bir/sdk/contract/snapshot'
import { sql } from 'kysely'
import type { Kysely, Transaction } from 'kysely'
import type { z } from 'zod'
import type { ImportSource } from '../secrets/stores/import-source.ts'
import type { SecretStore } from '../secrets/stores/store.ts'
import type { ApiError } from './api-error.ts'
import type { WhileAnswering } from './while-answering.ts'

/** Who calls an operation. */
export interface Actor {
  /** The id of a person, or else the same as `label`. */
  id: string
  /** The handle of a person, or a name such as `operator:root` or `plane:plane-1`. */
  label: string
  administrator: boolean
  /** Set when the actor is a person or a service account in the database. */
  userId?: string
  /** The session that they came in by, and the client that it is of. */
  sid?: string
  client?: string
  /** Who acts for them (claim `act` of the token), such as `operator:root`. */
  through?: string
}

/** Somebody whose rights can be taken away while their request is under way: they may hold its body back. */
export interface Caller {
  /** Throws an `ApiError` unless what they came with is still good, and gives the same rights. */
  confirm(db: Kysely<Database>): Promise<void>
  /** Records that they were refused an operation, such as `users.setDisabled`. */
  recordRefusal(operation: string, refusal: ApiError): Promise<void>
}

/** The context that every operation receives. */
export interface Ctx {
  db: Kysely<Database>
  actor: Actor
  /** Absent where nobody can take the actor's rights away: the operator of this machine, a plane, the gateway. */
  caller?: Caller | undefined
  /** The servers that can be mounted: `mountedServers` of the data plane's catalogue. */
  catalog: ReadonlyMap<string, MountedServer>
  publisher: Publisher
  /** The name of the identity provider, under which its people are stored. */
  idpProvider: string
  providers: ProviderSite
  recordChange: RecordChange
  /** The key that verifies the control plane's own audit chain. Its `kid` names that chain. */
  ownChainKey: PublicJwk
  /** Makes the short hash of a text. Nobody without the key can find two texts with the same one. */
  shortHash: (text: string) => string
  joinLines: JoinLines
  secrets: SecretSite
  /** Ends the wait for a database that hangs. Absent where nobody watches the database. */
  whileAnswering?: WhileAnswering | undefined
}

/** What this process can do with secrets. */
export interface SecretSite {
  /** Where the values lie. */
  store: SecretStore
  /** Tries a secret against its service. Undefined: nothing can try it. Never rejects. */
  prove: (trial: SecretTrial) => Promise<SecretVerdict | undefined>
  /** Opens a store of the settings, this process's own or not, to import secrets from there: `consul:<prefix>`. */
  importFrom?: (from: string) => ImportSource
  /** The portal, where people give secrets. */
  portalUrl?: string | undefined
}

export interface SecretTrial {
  server: string
  kind: 'mounted' | 'remote'
  /** How the declaration of a mounted server tries it. */
  mounted: MountedServer['secret']
  settings: object
  fields: SecretFields
}

/** What this process knows of the identity providers. */
export interface ProviderSite {
  /** That of the settings, beside those of the policy. */
  environment: { handle: string; issuer: string } | undefined
  /** Whether this is stage local. */
  isLocal: boolean
  /** Every provider, and whether it answers now. */
  states(): Promise<z.output<typeof ProviderState>[]>
}

/** What this process knows of the lines with which planes join. */
export interface JoinLines {
  /** The line with this secret, as a plane takes it. */
  lineOf(secret: string): string
  /** Puts a good line into the file of the setting JOIN_FILE, if there is one. A failure is logged. */
  renewFile(): Promise<void>
}

export interface Publisher {
  /**
   * Compiles the dirty parts, signs them and publishes them. Resolves with a revision that contains everything that
   * was committed before the call. If the rows compile to the same root, and nobody recorded a change, there is no new
   * revision.
   */
  publish(): Promise<number>
}

/** Appends a record of the change to the control plane's own audit chain, in the transaction of the change. */
export type RecordChange = (trx: Transaction<Database>, change: Change & { actor: Actor }) => Promise<void>

export interface Change {
  /** Such as `grants.create`. */
  action: string
  /** The handle or id of the thing that was changed. */
  target: string
  detail?: string
  /** Stands in the header of the audit record instead of the target: it remains when the body is erased. */
  summary?: string
  /** The token or session that it is about, for the header of the audit record. */
  about?: { tokenId?: string; sessionId?: string }
}

/**
 * The buckets in which a person's class, handle, flag or selection changed; often none. Only buckets are listed,
 * because the publisher compiles everything else each time.
 */
export type Dirty = readonly number[] | 'all'

/** The result of a change. `dirty: 'nothing'` = the rows did not change, so there is no audit record. */
export interface ChangeResult<T> {
  value: T
  dirty: Dirty | 'nothing'
  /** Replaces the `detail` of the `Change`, for details that are known only after the change. */
  detail?: string
  /** Becomes the `summary` of the `Change`. */
  summary?: string
  /** Makes no audit record, because the policy asks for none (`trust: off`). */
  silent?: boolean
}

/**
 * Changes of the policy run one at a time. Each sees all earlier ones, so the parts that it marks dirty are complete.
 */
const changeLock = 0x62697201

/**
 * The only way to change the policy. Rows, audit record and dirty marks commit together; then a revision is
 * published. Operations that take a caller's rights away (an account is disabled, a session ended, a token revoked) do
 * it with this lock too, so nothing that the caller changes commits after that. Two do it without: a sign-in that takes
 * the place of the session in its browser, and the end of a session whose code nobody redeemed.
 */
export async function change<T>(
  ctx: Ctx,
  record: Change,
  write: (trx: Transaction<Database>) => Promise<ChangeResult<T>>,
): Promise<{ value: T; revision: number }> {
  const value = await ctx.db.transaction().execute(async (trx) => {
    await lockChanges(trx, 'alone')
    await ctx.caller?.confirm(trx)
    const { value, dirty, detail, summary, silent } = await write(trx)
    if (dirty === 'nothing') return value
    const known = { ...(detail === undefined ? {} : { detail }), ...(summary === undefined ? {} : { summary }) }
    if (!silent) await ctx.recordChange(trx, { ...record, ...known, actor: ctx.actor })
    await markDirty(trx, dirty, { ownRevision: !silent })
    return value
  })
  return { value, revision: await ctx.publisher.publish() }
}

/** Until the transaction ends, nobody else changes the policy; where it is `shared`, nobody at all. */
export async function lockChanges(trx: Transaction<Database>, how: 'alone' | 'shared'): Promise<void> {
  if (how === 'alone') await sql`select pg_advisory_xact_lock(${changeLock})`.execute(trx)
  else await sql`select pg_advisory_xact_lock_shared(${changeLock})`.execute(trx)
}

/**
 * Adds a mark even when no bucket is dirty: the publisher compiles nothing when it finds no mark. `ownRevision`: there
 * is a new revision even if the planes get the same as before. Whoever expects a revision relies on it.
 */
export async function markDirty(trx: Transaction<Database>, dirty: Dirty, { ownRevision = false } = {}): Promise<void> {
  const parts = dirty === 'all' ? ['all'] : ['policy', ...new Set(dirty.map(String))]
  await trx
    .insertInto('dirty')
    .values(parts.map((part) => ({ part, own_revision: ownRevision })))
    .execute()
}
