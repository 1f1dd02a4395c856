import { isOfOtherPrefix } from '@bir/sdk/binding'
import { OAuthError } from '../../../base/errors/oauth-error.ts'
import type { Holder } from '../../../base/errors/oauth-error.ts'
import { endSession } from '../../../sessions/end-session.ts'
import type { OAuthParts } from '../../base/parts.ts'
import type { AccessClaims } from '../../issue/access-token.ts'
import { holderOf, liveSession } from '../../issue/live-session.ts'
import { bindingFault } from '../../issue/token-binding.ts'
import { verifiedHere } from '../../issue/verified-here.ts'
import type { HeldToken, Requester } from './held.ts'
import { refuseAnybody, refuseStranger } from './stranger.ts'

/**
 * Verifies an access token of this gateway, for whatever it is good. One of a session that has ended, and of a person
 * who is disabled or was since, is good for nothing. Nor is one in other hands than it was issued to: the new token
 * would be bound to those.
 */
export async function ownToken(parts: OAuthParts, token: string, request: Requester): Promise<HeldToken> {
  refuseAnybody(request.client)
  const claims = await verifiedHere(parts, token)
  if (!claims) throw refused()
  const whose = await holderOfToken(parts, claims)
  refuseStranger(request.client, claims.client_id, whose)
  // Published first, so that the new token names a revision that has all that was decided until now.
  const revision = await parts.ctxOf('token exchange').publisher.publish()
  const { aud, exp, iat, jti, sid, client_id: clientId, act, bnd: binding } = claims
  const session = await liveSession(parts.db, sid, request.settings)
  if (!session || session.user.id !== claims.sub || iat < Number(session.user.epoch)) throw refused(whose)
  const revoked = await parts.db
    .selectFrom('revocations')
    .select('id')
    .where((eb) => eb.or([eb.and({ kind: 'token', id: jti }), eb.and({ kind: 'session', id: sid })]))
    .executeTakeFirst()
  if (revoked) throw refused(whose)
  await refuseOtherSender(parts, claims, request, whose)
  return { user: session.user, revision, clientId, act, bounds: { jti, audience: aud, expiresAtS: exp, sid, binding } }
}

/** As a plane does, and a refresh: where the policy wants it, the session ends. */
async function refuseOtherSender(
  { ctxOf }: OAuthParts,
  claims: AccessClaims,
  { client, exchange, settings }: Requester,
  whose: Holder | undefined,
): Promise<void> {
  const reason = bindingFault(claims, { address: exchange.address, userAgent: exchange.request.headers['user-agent'] }, settings)
  if (reason === undefined) return
  if (reason === 'binding-network' && claims.bnd && isOfOtherPrefix(claims.sid, exchange.address, claims.bnd))
    throw new OAuthError('invalid_grant', 'The setting bindingNetwork has changed since the token was issued. Get another.', {
      reason,
      whose,
    })
  if (settings.bindingRevokes === 'on') await endSession(ctxOf(`client:${client.id}`), claims.sid, reason)
  throw new OAuthError('invalid_grant', 'The token was issued to another network or program. Sign in again.', { reason, whose })
}

const refused = (whose?: Holder) =>
  new OAuthError('invalid_grant', 'The token of this gateway is not good, or not any more. Sign in again.', { whose })

/** Whose token it is. That it is one, its signature has proved. */
async function holderOfToken({ db }: OAuthParts, { sid, jti }: AccessClaims): Promise<Holder | undefined> {
  const holder = await holderOf(db, sid)
  return holder && { ...holder, tokenId: jti }
}
