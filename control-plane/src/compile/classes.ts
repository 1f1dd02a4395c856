import type { Database } from '@bir/db/schema'
import { sql } from 'kysely'
import type { Transaction } from 'kysely'
import type { Class } from './holders.ts'
import type { Db } from '../policy-rows/types.ts'

/**
 * Stores the classes of each bucket that was just compiled. So a change of one grant can find the classes that have
 * people without reading any person. Only the publisher calls this, in the transaction of the revision.
 */
export async function recordClasses(trx: Transaction<Database>, classesByBucket: ReadonlyMap<number, readonly Class[]>): Promise<void> {
  if (classesByBucket.size === 0) return
  const oldRows = await trx
    .selectFrom('bucket_classes')
    .selectAll()
    .where('bucket', 'in', [...classesByBucket.keys()])
    .execute()

  const difference = new Map<string, number>()
  const count = (key: string, by: number) => difference.set(key, (difference.get(key) ?? 0) + by)
  for (const { keys } of oldRows) keys.forEach((key) => count(key, -1))
  for (const classes of classesByBucket.values()) classes.forEach(({ key }) => count(key, 1))
  const holders = new Map([...classesByBucket.values()].flat().map(({ key, holders }) => [key, holders]))

  await storeBuckets(trx, classesByBucket)
  for (const [key, by] of difference) await addTo(trx, key, holders.get(key) ?? [], by)
  await trx.deleteFrom('classes').where('buckets', '<=', 0).execute()
}

async function storeBuckets(trx: Transaction<Database>, classesByBucket: ReadonlyMap<number, readonly Class[]>): Promise<void> {
  const rows = [...classesByBucket].map(([bucket, classes]) => ({ bucket, keys: classes.map(({ key }) => key) }))
  await trx
    .insertInto('bucket_classes')
    .values(rows)
    .onConflict((conflict) => conflict.column('bucket').doUpdateSet({ keys: (eb) => eb.ref('excluded.keys') }))
    .execute()
}

async function addTo(trx: Transaction<Database>, key: string, holders: string[], by: number): Promise<void> {
  if (by === 0) return
  await trx
    .insertInto('classes')
    .values({ key, holders, buckets: by })
    .onConflict((conflict) => conflict.column('key').doUpdateSet({ buckets: sql`classes.buckets + excluded.buckets` }))
    .execute()
}

/** All classes that have people. */
export async function readClasses(db: Db): Promise<Class[]> {
  return db.selectFrom('classes').select(['key', 'holders']).orderBy('key').execute()
}
