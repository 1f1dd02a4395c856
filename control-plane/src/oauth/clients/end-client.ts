import type { Database } from '@bir/db/schema'
import { sql } from 'kysely'
import type { Transaction } from 'kysely'
import { markDirty } from '../../base/context.ts'
import { MAX_TOKEN_LIFE_MS } from '../../keys/rotation.ts'

/**
 * Deletes a client and all that it was given: its sessions end, with their tokens, on every data plane with the next
 * revision; consents to it are forgotten. Resolves with the number of sessions. Publish afterwards.
 */
export async function endClient(trx: Transaction<Database>, clientId: string): Promise<number> {
  const ended = await trx
    .updateTable('sessions')
    .set({ ended_at: sql<Date>`now()`, end_reason: 'client-deleted' })
    .where('client_id', '=', clientId)
    .where('ended_at', 'is', null)
    .returning('sid')
    .execute()
  await revokeSessions(
    trx,
    ended.map(({ sid }) => sid),
  )
  await trx.deleteFrom('authorization_codes').where('client_id', '=', clientId).execute()
  await trx.deleteFrom('refresh_tokens').where('client_id', '=', clientId).execute()
  await trx.deleteFrom('device_codes').where('client_id', '=', clientId).execute()
  await trx.deleteFrom('consents').where('client_id', '=', clientId).execute()
  await trx.deleteFrom('oauth_clients').where('client_id', '=', clientId).execute()
  await markDirty(trx, [])
  return ended.length
}

async function revokeSessions(trx: Transaction<Database>, sids: string[]): Promise<void> {
  if (sids.length === 0) return
  await sql`
    insert into revocations (kind, id, expires_at)
    select 'session', sid, ${new Date(Date.now() + MAX_TOKEN_LIFE_MS)} from unnest(${sids}::text[]) as sid
    on conflict do nothing`.execute(trx)
}
