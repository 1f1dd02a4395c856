import type { MountedServer } from '@bir/data-plane/catalog'
import type { Database } from '@bir/db/schema'
import type { PublicJwk } from '@bir/sdk/contract/snapshot'
import { sql } from 'kysely'
import type { Kysely, Transaction } from 'kysely'

/** Who asks. */
export interface Actor {
  /** What the audit names: a person's id, or the label again. */
  id: string
  /** A handle, or such as `operator:root`. */
  label: string
  administrator: boolean
  /** Set when the actor is a person of ours. */
  userId?: string
}

/** What every operation is given. */
export interface Ctx {
  db: Kysely<Database>
  actor: Actor
  /** What can be mounted: `mountedServers` of the data plane's catalogue. */
  catalog: ReadonlyMap<string, MountedServer>
  publisher: Publisher
  recordChange: RecordChange
  /** By it the control plane's own audit chain is verified; its `kid` is that chain's name. */
  ownChainKey: PublicJwk
}

export interface Publisher {
  /**
   * Compiles what is dirty, signs and publishes; resolves with the revision that holds everything committed before the
   * call. The same rows give the same root and no new revision.
   */
  publish(): Promise<number>
}

/** Writes one link of the control plane's own audit chain, in the transaction of the change it tells of. */
export type RecordChange = (trx: Transaction<Database>, change: Change & { actor: Actor }) => Promise<void>

export interface Change {
  /** Such as `grants.create`. */
  action: string
  /** What was changed, by its handle or id. */
  target: string
  detail?: string
}

/** Buckets whose people changed (class, handle, flag or selection); often none. Everything but buckets is compiled anew anyway. */
export type Dirty = readonly number[] | 'all'

/** What a change did. `dirty: 'nothing'` = the rows were so already: no record is made. */
export interface Changed<T> {
  value: T
  dirty: Dirty | 'nothing'
  /** Overrides the change's own when it is known only afterwards. */
  detail?: string
  /** Leaves no record: the policy itself says that nobody need know. */
  silent?: boolean
}

/** Changes of policy are made one at a time: each sees all before it, so what it marks dirty is complete. */
const changeLock = 0x62697201

/** The one way to change policy: rows, audit record and dirty marks commit together, then a revision is published. */
export async function change<T>(
  ctx: Ctx,
  what: Change,
  fn: (trx: Transaction<Database>) => Promise<Changed<T>>,
): Promise<{ value: T; revision: number }> {
  const value = await ctx.db.transaction().execute(async (trx) => {
    await sql`select pg_advisory_xact_lock(${changeLock})`.execute(trx)
    const { value, dirty, detail, silent } = await fn(trx)
    if (dirty === 'nothing') return value
    if (!silent) await ctx.recordChange(trx, { ...what, ...(detail === undefined ? {} : { detail }), actor: ctx.actor })
    await markDirty(trx, dirty)
    return value
  })
  return { value, revision: await ctx.publisher.publish() }
}

/** Leaves a mark even when no bucket is touched: a publisher that finds one has something to compile. */
export async function markDirty(trx: Transaction<Database>, dirty: Dirty): Promise<void> {
  const parts = dirty === 'all' ? ['all'] : ['policy', ...new Set(dirty.map(String))]
  await trx
    .insertInto('dirty')
    .values(parts.map((part) => ({ part })))
    .execute()
}
