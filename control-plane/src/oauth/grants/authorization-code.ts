import type { OAuthReason } from '@bir/sdk/contract/audit-reasons'
import { endSession } from '../../sessions/end-session.ts'
import { optionalParameter, requireParameter } from '../base/form.ts'
import { OAuthError } from '../../base/errors/oauth-error.ts'
import type { Holder } from '../../base/errors/oauth-error.ts'
import { narrowedAudience } from '../base/resource.ts'
import { challengeOf, isSame } from '../../base/secrets/secret.ts'
import { LIFE_SECONDS } from '../issue/access-token.ts'
import { findCode, useCode } from '../issue/authorization-code.ts'
import type { CodeRow } from '../issue/authorization-code.ts'
import { holderOf, liveSession } from '../issue/live-session.ts'
import { bindSession } from '../issue/session-binding.ts'
import type { GrantType } from './grant.ts'

/**
 * Exchanges a code (RFC 6749, section 4.1.3) with PKCE (RFC 7636). All bindings are checked before the code is used up,
 * so that who has only the code cannot spoil it. A code that comes a second time ends what the first one gave
 * (RFC 9700, section 2.1.1).
 */
export const authorizationCode: GrantType = async (parts, { form, client, target, exchange, settings }) => {
  const { db, ctxOf } = parts
  const [code, verifier] = [requireParameter(form, 'code'), requireParameter(form, 'code_verifier')]
  const row = await findCode(db, code)
  if (!row || row.client_id !== client.id) throw unknownCode('code-unknown')
  const whose = () => holderOf(db, row.sid)
  if (!isSame(challengeOf(verifier), row.code_challenge)) throw unknownCode('code-verifier-wrong', await whose())
  const redirectUri = optionalParameter(form, 'redirect_uri')
  if (redirectUri !== undefined && redirectUri !== row.redirect_uri) throw unknownCode('code-redirect-wrong', await whose())
  const isFirst = row.used_at === null
  if (isFirst && row.expires_at.getTime() < Date.now()) throw unknownCode('code-expired', await whose())
  const audience = isFirst ? narrowedAudience(row.audience, form.has('resource') ? target : undefined) : row.audience
  const isUsedNow = isFirst && (await useCode(db, row))
  if (isFirst && !isUsedNow) await refuseOver(await findCode(db, code), whose)
  if (!isUsedNow) {
    await endSession(ctxOf(`client:${client.id}`), row.sid, 'code-replayed')
    throw unknownCode('code-replayed', await whose())
  }

  const session = await liveSession(db, row.sid, settings)
  if (!session) throw unknownCode('session-ended', await whose())
  const { user } = session
  // The handle of a portal is bound to its key. Its session keeps the browser from which the person signed in.
  if (!client.isPortal) await bindSession(db, row.sid, exchange)
  const recordedAs = { id: user.id, label: user.handle, administrator: user.administrator, userId: user.id }
  return {
    user,
    revision: await ctxOf(user.handle).publisher.publish(),
    clientId: client.id,
    clientName: client.name,
    lifeSeconds: LIFE_SECONDS,
    recordedAs,
    sid: row.sid,
    isRefreshable: client.grantTypes.includes('refresh_token'),
    audience,
  }
}

/** A code that was good a moment ago may have expired since, or its session ended: nobody has used it. */
async function refuseOver(row: CodeRow | undefined, whose: () => Promise<Holder | undefined>): Promise<void> {
  if (!row) throw unknownCode('session-ended', await whose())
  if (row.used_at === null) throw unknownCode('code-expired', await whose())
}

/** Who only guesses learns nothing. The audit record says what was wrong. */
const unknownCode = (reason: OAuthReason, whose?: Holder) =>
  new OAuthError('invalid_grant', 'The code is unknown, expired, used already or not for this client. Begin the sign-in again.', {
    reason,
    whose,
  })
