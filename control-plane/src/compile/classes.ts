import type { Database } from '@bir/db/schema'
import { sql } from 'kysely'
import type { Transaction } from 'kysely'
import type { Class } from './holders.ts'
import type { Db } from '../policy-rows/types.ts'

/**
 * Which classes have people is remembered from bucket to bucket, so that a change of one grant looks at no person. Only the
 * publisher writes here, in the transaction of the revision: `found` holds every bucket it has just compiled.
 */
export async function recordClasses(trx: Transaction<Database>, found: ReadonlyMap<number, readonly Class[]>): Promise<void> {
  if (found.size === 0) return
  const before = await trx
    .selectFrom('bucket_classes')
    .selectAll()
    .where('bucket', 'in', [...found.keys()])
    .execute()

  const difference = new Map<string, number>()
  const count = (key: string, by: number) => difference.set(key, (difference.get(key) ?? 0) + by)
  for (const { keys } of before) keys.forEach((key) => count(key, -1))
  for (const classes of found.values()) classes.forEach(({ key }) => count(key, 1))
  const holders = new Map([...found.values()].flat().map((one) => [one.key, one.holders]))

  await storeBuckets(trx, found)
  for (const [key, by] of difference) await addTo(trx, key, holders.get(key) ?? [], by)
  await trx.deleteFrom('classes').where('buckets', '<=', 0).execute()
}

async function storeBuckets(trx: Transaction<Database>, found: ReadonlyMap<number, readonly Class[]>): Promise<void> {
  const rows = [...found].map(([bucket, classes]) => ({ bucket, keys: classes.map(({ key }) => key) }))
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

/** Every class that has people. */
export async function readClasses(db: Db): Promise<Class[]> {
  return db.selectFrom('classes').select(['key', 'holders']).orderBy('key').execute()
}
