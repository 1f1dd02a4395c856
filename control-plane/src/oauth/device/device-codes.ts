import type { Database } from '@bir/db/schema'
import type { Kysely, Selectable, Transaction } from 'kysely'
import { hashOf, newSecret } from '../../base/secrets/secret.ts'
import { newUserCode } from './user-code.ts'

export type DeviceRow = Selectable<Database['device_codes']>

/** How long a person has to approve. */
export const LIFE_SECONDS = 600
/** How long a device waits between two questions, and how much longer after one that came too early. */
export const INTERVAL_SECONDS = 5
/** What a question may come too early: devices count from when they sent it, this process from when it arrived. */
const toleranceMs = 500

export interface NewDevice {
  clientId: string
  audience: string
  scope: string
  address: string
  userAgent: string | undefined
}

/** Makes the pair of codes of a device (RFC 8628, section 3.2). Only hashes of them are stored. */
export async function makeDeviceCodes(db: Kysely<Database>, device: NewDevice): Promise<{ deviceCode: string; userCode: string }> {
  const { clientId, audience, scope, address, userAgent } = device
  const codes = { deviceCode: newSecret(), userCode: newUserCode() }
  await db
    .insertInto('device_codes')
    .values({
      device_hash: hashOf(codes.deviceCode),
      user_code_hash: hashOf(codes.userCode),
      client_id: clientId,
      audience,
      scope,
      ip: address,
      user_agent: userAgent?.slice(0, 300) ?? null,
      interval_s: INTERVAL_SECONDS,
      expires_at: new Date(Date.now() + LIFE_SECONDS * 1000),
    })
    .execute()
  return codes
}

/** The device that waits for this code to be approved. */
export function findPending(db: Kysely<Database>, userCode: string): Promise<DeviceRow | undefined> {
  return db
    .selectFrom('device_codes')
    .selectAll()
    .where('user_code_hash', '=', hashOf(userCode))
    .where('state', '=', 'pending')
    .where('expires_at', '>', new Date())
    .executeTakeFirst()
}

/**
 * Sets what the person decided, and the session that the device gets. False: the code was decided on or expired in the
 * meantime. Of two decisions at once, one counts.
 */
export async function decide(
  trx: Kysely<Database>,
  { device_hash }: Pick<DeviceRow, 'device_hash'>,
  decision: { state: 'denied' } | { state: 'approved'; sid: string },
): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('device_codes')
    .set(decision)
    .where('device_hash', '=', device_hash)
    .where('state', '=', 'pending')
    .where('expires_at', '>', new Date())
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/** What a device that asks learns. `replayed`: its code gave tokens before; `sid` is the session that got them. */
export type Polled =
  | { is: 'unknown' | 'pending' | 'slow-down' | 'denied' | 'expired' }
  | { is: 'approved'; sid: string; audience: string }
  | { is: 'replayed'; sid: string }

/** Answers a device. An approval is handed out once, whichever replica is asked, and by however many at once. */
export async function poll(trx: Transaction<Database>, deviceCode: string, clientId: string): Promise<Polled> {
  const row = await trx.selectFrom('device_codes').selectAll().where('device_hash', '=', hashOf(deviceCode)).forUpdate().executeTakeFirst()
  if (!row || row.client_id !== clientId) return { is: 'unknown' }
  const { state, sid, audience, expires_at } = row
  if (state === 'used' && sid !== null) return { is: 'replayed', sid }
  if (expires_at.getTime() <= Date.now()) return { is: 'expired' }
  if (state === 'denied') return { is: 'denied' }
  if (state === 'approved' && sid !== null) {
    await trx.updateTable('device_codes').set({ state: 'used' }).where('device_hash', '=', row.device_hash).execute()
    return { is: 'approved', sid, audience }
  }
  return state === 'pending' ? wait(trx, row) : { is: 'unknown' }
}

async function wait(trx: Transaction<Database>, { device_hash, polled_at, interval_s }: DeviceRow): Promise<Polled> {
  const now = new Date()
  const isTooEarly = polled_at !== null && now.getTime() - polled_at.getTime() < interval_s * 1000 - toleranceMs
  const interval = isTooEarly ? interval_s + INTERVAL_SECONDS : interval_s
  await trx.updateTable('device_codes').set({ polled_at: now, interval_s: interval }).where('device_hash', '=', device_hash).execute()
  return { is: isTooEarly ? 'slow-down' : 'pending' }
}

const keptMs = 60 * 60_000

/** Deletes codes that expired a while ago. Until then a code that is used again is noticed. */
export async function sweepDeviceCodes(db: Kysely<Database>): Promise<void> {
  await db
    .deleteFrom('device_codes')
    .where('expires_at', '<', new Date(Date.now() - keptMs))
    .execute()
}
