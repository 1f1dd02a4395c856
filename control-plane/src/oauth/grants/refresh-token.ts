import { productOf } from '@bir/sdk/binding'
import type { OAuthReason } from '@bir/sdk/contract/audit-reasons'
import type { Transaction } from 'kysely'
import type { Database } from '@bir/db/schema'
import { OAuthError } from '../../base/errors/oauth-error.ts'
import type { Holder } from '../../base/errors/oauth-error.ts'
import { endSession } from '../../sessions/end-session.ts'
import { slideSession } from '../../sessions/slide-session.ts'
import { requireParameter } from '../base/form.ts'
import { narrowedAudience, portalAudiences } from '../base/resource.ts'
import { LIFE_SECONDS } from '../issue/access-token.ts'
import type { TokenAnswer } from '../issue/granted.ts'
import { issueIn } from '../issue/issue-token.ts'
import { holderOf, liveSession } from '../issue/live-session.ts'
import type { LiveSession } from '../issue/live-session.ts'
import { bindingFault } from '../issue/session-binding.ts'
import { lockRefreshToken, repeatedAnswer, replaceRefreshToken } from '../issue/refresh-token.ts'
import type { OAuthParts } from '../base/parts.ts'
import type { GrantType, TokenRequest } from './grant.ts'

/** What became of a refresh token: an answer, or the reason to refuse it. */
type Outcome = { answer: TokenAnswer } | Refused

interface Refused {
  refusal: OAuthReason
  endsSession?: string
  /** The session, where the token is one of it. */
  session?: LiveSession
  /** Where there is no such session any more: whose it was. */
  whose?: Holder | undefined
}

/**
 * Rotates a refresh token (RFC 9700, section 4.14.2). Each is good once. The one that was replaced last gives the same
 * answer for a while, for clients that lost it or asked twice at once; any older one ends the whole session, because
 * two have it. That of a portal is a handle: it stays as it is, and without the key of the portal it is worth nothing.
 */
export const refreshToken: GrantType = async (parts, request) => {
  const { db, ctxOf } = parts
  const revision = await ctxOf(`client:${request.client.id}`).publisher.publish()
  const outcome = await db.transaction().execute((trx) => rotate(trx, parts, request, revision))
  if ('answer' in outcome) return { answer: outcome.answer }
  // After the transaction: what ends the session must stay when the request is refused.
  if (outcome.endsSession !== undefined) await endSession(ctxOf(`client:${request.client.id}`), outcome.endsSession, outcome.refusal)
  throw new OAuthError('invalid_grant', sentenceOf(outcome.refusal), {
    reason: outcome.refusal,
    whose: outcome.session ? { user: outcome.session.user, sessionId: outcome.session.row.sid } : outcome.whose,
    recordDetail: outcome.session && strangerText(outcome.session, request),
  })
}

/** As a plane says it of an access token: neither what it is bound to nor which of the two differs. */
function sentenceOf(refusal: OAuthReason): string {
  return refusal === 'binding-network' || refusal === 'binding-user-agent'
    ? 'The refresh token was issued to another client, or to one in another network. Sign in again.'
    : 'The refresh token is unknown, expired or used already. Sign in again.'
}

/** What an administrator wants to know of a refresh token in the hands of two. */
function strangerText({ row }: LiveSession, { exchange: { request } }: TokenRequest): string {
  const product = productOf(request.headers['user-agent']) || 'no product'
  return `a refresh token of session ${row.sid}, sent by ${product}; the session is of ${productOf(row.user_agent ?? undefined) || 'no product'}`
}

async function rotate(trx: Transaction<Database>, parts: OAuthParts, request: TokenRequest, revision: number): Promise<Outcome> {
  const { form, client, settings } = request
  const token = requireParameter(form, 'refresh_token')
  const row = await lockRefreshToken(trx, token)
  if (!row || row.client_id !== client.id) return { refusal: 'refresh-unknown' }
  const session = await liveSession(trx, row.sid, settings)
  if (!session) return { refusal: 'session-ended', whose: await holderOf(trx, row.sid) }
  const issue = async (keep?: (answer: TokenAnswer) => Promise<void>) => {
    await slideSession(trx, session.row, settings.session, Date.now())
    const granted = { ...ofSession(session, request, parts), revision, isRefreshable: keep !== undefined }
    return { answer: await issueIn(trx, parts, granted, request, keep) }
  }
  if (client.isPortal) return issue()

  const strange = bindingFault(session.row, request.exchange, settings)
  if (row.replaced_at !== null) {
    const answer = strange ? undefined : await repeatedAnswer(trx, token, row)
    return answer ? { answer } : { refusal: 'refresh-replayed', endsSession: row.sid, session }
  }
  if (strange !== undefined) return { refusal: strange.reason, session, ...(strange.endsSession ? { endsSession: row.sid } : {}) }
  return issue((answer) => replaceRefreshToken(trx, token, answer))
}

/** What the person of the session gave the client, or as much of it as is asked for. */
const ofSession = ({ row, user }: LiveSession, { client, form, target }: TokenRequest, parts: OAuthParts) => ({
  user,
  clientId: client.id,
  clientName: client.name,
  lifeSeconds: LIFE_SECONDS,
  recordedAs: { id: user.id, label: user.handle, administrator: user.administrator, userId: user.id },
  sid: row.sid,
  audience: narrowedAudience(
    client.isPortal ? portalAudiences(parts) : (row.audience ?? target.audience),
    form.has('resource') ? target : undefined,
  ),
})
