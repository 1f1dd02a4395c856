import type { Database } from '@bir/db/schema'
import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import { oauthError } from '../../../base/errors/oauth-error.ts'

const maxRegistered = 100_000
const evictedAtOnce = 1_000

/**
 * Makes room for one more client. When there are too many, those go first that nobody has used in the hour after they
 * registered, the oldest of them first. Throws when there are none.
 */
export async function makeRoom(db: Kysely<Database>, max = maxRegistered): Promise<void> {
  const registered = db.selectFrom('oauth_clients').where('kind', '=', 'registered')
  const { count } = await registered.select((eb) => eb.fn.countAll<string>().as('count')).executeTakeFirstOrThrow()
  if (Number(count) < max) return
  const unused = registered
    .select('client_id')
    .where('used_at', 'is', null)
    .where('made_at', '<', sql<Date>`now() - interval '1 hour'`)
    .orderBy('made_at')
    .limit(evictedAtOnce)
  const { numDeletedRows } = await db.deleteFrom('oauth_clients').where('client_id', 'in', unused).executeTakeFirst()
  if (numDeletedRows > 0n) return
  throw oauthError(
    'temporarily_unavailable',
    'Too many clients have registered here in the last hour. Try again later, or ask an administrator for a client.',
  )
}
