import type { OAuthReason } from '@bir/sdk/contract/audit-reasons'
import { OAuthError, oauthError } from '../../base/errors/oauth-error.ts'
import type { Holder } from '../../base/errors/oauth-error.ts'
import { endSession } from '../../sessions/end-session.ts'
import { requireParameter } from '../base/form.ts'
import { narrowedAudience } from '../base/resource.ts'
import { poll } from '../device/device-codes.ts'
import { LIFE_SECONDS } from '../issue/access-token.ts'
import { holderOf, liveSession } from '../issue/live-session.ts'
import type { GrantType } from './grant.ts'

/**
 * Answers a device that waits for its person (RFC 8628, sections 3.4 and 3.5). The code is good for the client that
 * asked for it, and gives tokens once: one that comes again ends what the first one gave, because two have it.
 */
export const deviceCode: GrantType = async (parts, { form, client, target, settings }) => {
  const { db, ctxOf } = parts
  const code = requireParameter(form, 'device_code')
  const polled = await db.transaction().execute(async (trx) => {
    const found = await poll(trx, code, client.id)
    if (found.is !== 'approved') return found
    // What the grant does not cover uses no code up: the transaction ends with the error.
    return { ...found, audience: narrowedAudience(found.audience, form.has('resource') ? target : undefined) }
  })
  switch (polled.is) {
    case 'pending':
      throw oauthError('authorization_pending', 'The person has not decided yet.')
    case 'slow-down':
      throw oauthError('slow_down', 'Ask less often: wait 5 seconds longer than before.')
    case 'denied':
      throw oauthError('access_denied', 'The person denied it.')
    case 'expired':
      throw oauthError('expired_token', 'The code has expired. Ask for another.')
    case 'replayed':
      await endSession(ctxOf(`client:${client.id}`), polled.sid, 'device-code-replayed')
      throw unknownCode('device-code-replayed', await holderOf(db, polled.sid))
    case 'unknown':
      throw unknownCode('device-code-unknown')
    case 'approved':
  }
  const session = await liveSession(db, polled.sid, settings)
  if (!session) throw unknownCode('session-ended', await holderOf(db, polled.sid))
  const { user } = session
  return {
    user,
    revision: await ctxOf(user.handle).publisher.publish(),
    clientId: client.id,
    clientName: client.name,
    lifeSeconds: LIFE_SECONDS,
    recordedAs: { id: user.id, label: user.handle, administrator: user.administrator, userId: user.id },
    sid: polled.sid,
    isRefreshable: client.grantTypes.includes('refresh_token'),
    audience: polled.audience,
  }
}

const unknownCode = (reason: OAuthReason, whose?: Holder) =>
  new OAuthError('invalid_grant', 'The device code is unknown, used already or not for this client. Ask for another.', { reason, whose })
