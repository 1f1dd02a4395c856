import type { Database } from '@bir/db/schema'
import type { Kysely } from 'kysely'

/** What somebody allowed: this client, at this host, for this audience. */
export interface Consent {
  userId: string
  clientId: string
  redirectHost: string
  audience: string
  scope: string
}

/**
 * The consent is for one place: a client whose document names another one later asks again. An app's own scheme is part
 * of it, and so is a port; on the loopback the port is another one each time.
 */
export const redirectHostOf = (redirectUri: string): string => {
  const { protocol, hostname, host } = new URL(redirectUri)
  if (protocol === 'http:') return hostname
  return protocol === 'https:' ? host : `${protocol}//${host}`
}

export async function isRemembered(db: Kysely<Database>, { userId, clientId, redirectHost, audience, scope }: Consent): Promise<boolean> {
  const row = await db
    .updateTable('consents')
    .set({ used_at: new Date() })
    .where('user_id', '=', userId)
    .where('client_id', '=', clientId)
    .where('redirect_host', '=', redirectHost)
    .where('audience', '=', audience)
    .where('scope', '=', scope)
    .returning('user_id')
    .executeTakeFirst()
  return row !== undefined
}

export async function remember(db: Kysely<Database>, { userId, clientId, redirectHost, audience, scope }: Consent): Promise<void> {
  await db
    .insertInto('consents')
    .values({ user_id: userId, client_id: clientId, redirect_host: redirectHost, audience, scope })
    .onConflict((conflict) =>
      conflict.columns(['user_id', 'client_id', 'redirect_host', 'audience']).doUpdateSet({ scope, used_at: new Date() }),
    )
    .execute()
}
