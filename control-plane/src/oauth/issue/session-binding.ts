import type { Database } from '@bir/db/schema'
import { isGenericProduct, networkHash, productHash } from '@bir/sdk/binding'
import type { Kysely } from 'kysely'
import type { Exchange } from '../../base/http.ts'
import type { SessionRow } from '../../sessions/life.ts'
import { readSettings } from '../../settings/settings.ts'

/** Notes which network and program a client is in when it gets its first tokens: the session is bound to them. */
export async function bindSession(db: Kysely<Database>, sid: string, { address, request }: Exchange): Promise<void> {
  await db
    .updateTable('sessions')
    .set({ ip: address, user_agent: request.headers['user-agent']?.slice(0, 300) ?? null })
    .where('sid', '=', sid)
    .execute()
}

/**
 * Why a refresh token is refused here, though it is good: a stolen one would give tokens that are bound to the thief.
 * Undefined when the policy binds nothing, or the request comes from where the session is bound to.
 */
export async function bindingFault(
  db: Kysely<Database>,
  { sid, ip, user_agent: userAgent }: SessionRow,
  { address, request }: Exchange,
): Promise<{ reason: 'binding-network' | 'binding-user-agent'; endsSession: boolean } | undefined> {
  const { binding, bindingNetwork, bindingRevokes } = await readSettings(db)
  const endsSession = bindingRevokes === 'on'
  const isOfNetwork = () => {
    const network = networkHash(sid, address, bindingNetwork)
    // Two addresses that nobody can tell are not the same one.
    return network !== undefined && network === networkHash(sid, ip ?? '', bindingNetwork)
  }
  if ((binding === 'ip' || binding === 'both') && !isOfNetwork()) return { reason: 'binding-network', endsSession }
  const isOfProgram = () =>
    isGenericProduct(userAgent ?? undefined) || productHash(sid, userAgent ?? undefined) === productHash(sid, request.headers['user-agent'])
  if ((binding === 'user-agent' || binding === 'both') && !isOfProgram()) return { reason: 'binding-user-agent', endsSession }
  return undefined
}
