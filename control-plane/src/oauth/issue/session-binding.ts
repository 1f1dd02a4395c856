import type { Database } from '@bir/db/schema'
import { isGenericProduct, productHash } from '@bir/sdk/binding'
import type { Settings } from '@bir/sdk/contract/settings'
import type { Kysely } from 'kysely'
import type { Exchange } from '../../base/http.ts'
import type { SessionRow } from '../../sessions/life.ts'
import { isOfNetwork } from '../../sessions/sender.ts'
import type { SenderFault } from '../../sessions/sender.ts'

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
export function bindingFault(
  row: SessionRow,
  { address, request }: Exchange,
  settings: Settings,
): { reason: SenderFault; endsSession: boolean } | undefined {
  const { sid, user_agent: userAgent } = row
  const { binding, bindingRevokes } = settings
  const endsSession = bindingRevokes === 'on'
  if ((binding === 'ip' || binding === 'both') && !isOfNetwork(row, address, settings)) return { reason: 'binding-network', endsSession }
  const isOfProgram = () =>
    isGenericProduct(userAgent ?? undefined) || productHash(sid, userAgent ?? undefined) === productHash(sid, request.headers['user-agent'])
  if ((binding === 'user-agent' || binding === 'both') && !isOfProgram()) return { reason: 'binding-user-agent', endsSession }
  return undefined
}
