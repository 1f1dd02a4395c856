import { oauthError } from '../../base/errors/oauth-error.ts'
import { refuseUnknownServer } from '../base/resource.ts'
import { LIFE_SECONDS } from '../issue/access-token.ts'
import type { GrantType } from './grant.ts'
import { refuseDisabled } from './refuse-disabled.ts'

export const CLIENT_CREDENTIALS = 'client_credentials'

/**
 * A service account gets a token in its own name (RFC 6749, section 4.4), for MCP or for the API. There is no refresh
 * token: its client can ask again at any time.
 */
export const clientCredentials: GrantType = async ({ db, ctxOf }, { client, target }) => {
  if (client.kind !== 'service' || client.userId === undefined || client.authMethod === 'none')
    throw oauthError('unauthorized_client', 'This grant is for the clients of service accounts alone.')
  const user = await db.selectFrom('users').selectAll().where('id', '=', client.userId).executeTakeFirst()
  if (user?.kind !== 'service') throw oauthError('unauthorized_client', 'The service account of this client does not exist.')
  refuseDisabled(user)
  await refuseUnknownServer(db, target)

  const recordedAs = { id: user.id, label: user.handle, administrator: user.administrator, userId: user.id }
  const revision = await ctxOf(user.handle).publisher.publish()
  return { user, revision, clientId: client.id, clientName: client.name, lifeSeconds: LIFE_SECONDS, recordedAs }
}
