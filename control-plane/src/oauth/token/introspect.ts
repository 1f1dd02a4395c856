import { json } from '../../base/http.ts'
import type { Answer } from '../../base/http.ts'
import { OAuthError } from '../../base/errors/oauth-error.ts'
import { requireParameter } from '../base/form.ts'
import type { OAuthParts } from '../base/parts.ts'
import type { OAuthClient } from '../clients/client.ts'
import { liveSession } from '../issue/live-session.ts'
import { verifiedHere } from '../issue/verified-here.ts'

/**
 * Says whether an access token is good now, and whose it is (RFC 7662). Only clients that prove who they are may ask:
 * otherwise anybody could try tokens here. Any program may register itself, and is told of its own tokens alone
 * (section 2.2: of a token that it may not ask about, only that it is not active).
 */
export const introspect =
  (parts: OAuthParts) =>
  async ({ form, client }: { form: URLSearchParams; client: OAuthClient }): Promise<Answer> => {
    if (client.authMethod === 'none')
      throw new OAuthError('invalid_client', 'Only a client with a secret or a key may ask.', { reason: 'client-unauthenticated' })
    const claims = await verifiedHere(parts, requireParameter(form, 'token'))
    if (!claims || !mayAsk(client, claims)) return json(200, { active: false })
    const session = await liveSession(parts.db, claims.sid, await parts.settings())
    const revoked = await isRevoked(parts, claims.jti)
    if (!session || revoked) return json(200, { active: false })
    const { aud, client_id, exp, iat, iss, jti, scope, sid, sub, act } = claims
    const said = { aud, client_id, exp, iat, iss, jti, scope, sid, sub, username: session.user.handle, token_type: 'Bearer' }
    return json(200, { active: true, ...said, ...(act === undefined ? {} : { act }) })
  }

/** An administrator made the client, such as a server that checks tokens, or the token is the client's own. */
const mayAsk = ({ id, kind }: OAuthClient, claims: { client_id?: unknown }): boolean =>
  kind === 'administered' || kind === 'service' || claims.client_id === id

async function isRevoked({ db }: OAuthParts, jti: string): Promise<boolean> {
  const row = await db.selectFrom('revocations').select('id').where('kind', '=', 'token').where('id', '=', jti).executeTakeFirst()
  return row !== undefined
}
