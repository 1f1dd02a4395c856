import type { Database } from '@bir/db/schema'
import type { Transaction } from 'kysely'
import { lockChanges, markDirty } from '../../base/context.ts'
import { endSessionsOfClient } from '../../sessions/end-session.ts'
import { voidExchanged } from '../../sessions/exchanged.ts'

/**
 * Deletes a client and all that it was given: its sessions end with their tokens, so do the tokens of others that it
 * exchanged, and consents to it are forgotten.
 * Resolves with the number of sessions. When there are any, mark the policy as changed, so that planes learn it.
 */
export async function endClient(trx: Transaction<Database>, clientId: string): Promise<number> {
  // Whoever issues a token locks in this order too.
  await lockChanges(trx, 'alone')
  const ended = await endSessionsOfClient(trx, clientId, 'client-deleted')
  await trx.deleteFrom('device_codes').where('client_id', '=', clientId).execute()
  await trx.deleteFrom('consents').where('client_id', '=', clientId).execute()
  await trx.deleteFrom('oauth_clients').where('client_id', '=', clientId).execute()
  if ((await voidExchanged(trx, { clientId })) > 0) await markDirty(trx, [])
  return ended
}
