import { oauthError } from '../../../base/errors/oauth-error.ts'
import type { OAuthParts } from '../../base/parts.ts'
import { liveSession } from '../../issue/live-session.ts'
import { verifiedHere } from '../../issue/verified-here.ts'
import type { HeldToken } from './held.ts'

/**
 * Verifies an access token of this gateway, for whatever it is good. One of a session that has ended, and of a person
 * who is disabled or was since, is good for nothing.
 */
export async function ownToken(parts: OAuthParts, token: string): Promise<HeldToken> {
  const claims = await verifiedHere(parts, token)
  if (!claims) throw refused()
  // Published first, so that the new token names a revision that has all that was decided until now.
  const revision = await parts.ctxOf('token exchange').publisher.publish()
  const { aud, exp, iat, jti, sid, client_id: clientId, act } = claims
  const session = await liveSession(parts.db, sid)
  if (!session || session.user.id !== claims.sub || iat < Number(session.user.epoch)) throw refused()
  const revoked = await parts.db
    .selectFrom('revocations')
    .select('id')
    .where((eb) => eb.or([eb.and({ kind: 'token', id: jti }), eb.and({ kind: 'session', id: sid })]))
    .executeTakeFirst()
  if (revoked) throw refused()
  return { user: session.user, revision, clientId, act, bounds: { audience: aud, expiresAtS: exp, sid } }
}

const refused = () => oauthError('invalid_grant', 'The token of this gateway is not good, or not any more. Sign in again.')
