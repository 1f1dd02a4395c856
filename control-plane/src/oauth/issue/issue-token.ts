import { randomUUID } from 'node:crypto'
import type { Database } from '@bir/db/schema'
import { bindingOf } from '@bir/sdk/binding'
import type { BindingClaim } from '@bir/sdk/binding'
import type { GatewaySettings, Settings } from '@bir/sdk/contract/settings'
import type { Transaction } from 'kysely'
import { OAuthError, oauthError } from '../../base/errors/oauth-error.ts'
import { json } from '../../base/http.ts'
import type { Answer, Exchange } from '../../base/http.ts'
import { lockChanges } from '../../base/context.ts'
import { noteExchanged } from '../../sessions/exchanged.ts'
import { madeNow } from '../../sessions/life.ts'
import { holdSession, startSession } from '../../sessions/start-session.ts'
import type { Sender } from '../../sessions/sender.ts'
import type { OAuthParts } from '../base/parts.ts'
import type { Target } from '../base/resource.ts'
import { signAccessToken } from './access-token.ts'
import { ACCESS_TOKEN_TYPE } from './granted.ts'
import type { Granted, TokenAnswer } from './granted.ts'
import { addRefreshToken } from './refresh-token.ts'
import { keptBinding } from './token-binding.ts'

interface Asked {
  target: Target
  exchange: Exchange
  settings: GatewaySettings
}

/** Answers with what was granted, or with the answer that a grant type made itself. */
export const issueToken =
  (parts: OAuthParts) =>
  async ({ granted, ...asked }: Asked & { granted: Granted | { answer: TokenAnswer } }): Promise<Answer> => {
    const answer = 'answer' in granted ? granted.answer : await parts.db.transaction().execute((trx) => issueIn(trx, parts, granted, asked))
    return json(200, answer, { pragma: 'no-cache' })
  }

/**
 * Makes the tokens that were granted. They do not change the policy, so they need only an audit record and no new
 * revision. Only an exchange waits for changes of the policy, as they may end what it is made of. The record is
 * written before the tokens are sent. `keep` stores the answer in the same transaction.
 */
export async function issueIn(
  trx: Transaction<Database>,
  { keys, issuer, ctxOf, log }: OAuthParts,
  granted: Granted,
  { target, exchange: { address, request }, settings }: Asked,
  keep?: (answer: TokenAnswer) => Promise<void>,
): Promise<TokenAnswer> {
  const { user, revision, clientId, clientName = clientId, lifeSeconds, actor, actedBefore, recordedAs, isRefreshable } = granted
  const audience = granted.audience ?? target.audience
  const userAgent = request.headers['user-agent']
  const session = {
    kind: 'token',
    userId: user.id,
    clientId,
    clientName,
    audience,
    actor,
    address,
    userAgent,
    lifeMs: lifeSeconds * 1000,
  } as const
  if (granted.exchanged) await lockChanges(trx, 'shared')
  if (granted.sid !== undefined) await refuseEnded(trx, granted.sid)
  const sid = granted.sid ?? (await startSession(trx, session))
  const binding = granted.isForOthers ? undefined : bindingFor(sid, granted, { address, userAgent }, settings)
  const jti = randomUUID()
  const expiresAt = new Date(Date.now() + lifeSeconds * 1000)
  if (granted.exchanged && !(await noteExchanged(trx, { ...granted.exchanged, jti, sid, actor, clientId, expiresAt })))
    throw oauthError('invalid_grant', 'Something of this exchange has ended at this moment. Sign in again.')
  const access_token = await signAccessToken(keys, issuer, {
    subject: user.id,
    audience,
    clientId,
    revision,
    issuedAtSeconds: Math.floor(madeNow(user).getTime() / 1000),
    lifeSeconds,
    jti,
    sid,
    actor,
    actedBefore,
    binding,
  })
  const answer: TokenAnswer = {
    access_token,
    issued_token_type: ACCESS_TOKEN_TYPE,
    token_type: 'Bearer',
    expires_in: lifeSeconds,
    scope: 'mcp',
    ...(isRefreshable ? { refresh_token: await addRefreshToken(trx, { sid, clientId }) } : {}),
  }
  await keep?.(answer)
  const detail = `client ${clientId}, for ${audience}, ${lifeSeconds} s, jti ${jti}`
  // Last, because all replicas wait for each other from here to the end of the transaction.
  await ctxOf(recordedAs.label).recordChange(trx, {
    actor: recordedAs,
    action: 'tokens.issue',
    target: user.handle,
    detail,
    about: { tokenId: jti, sessionId: sid },
  })
  log('info', 'token-issued', { person: user.handle, audience, clientId, actor, lifeSeconds })
  return answer
}

async function refuseEnded(trx: Transaction<Database>, sid: string): Promise<void> {
  if (await holdSession(trx, sid)) return
  throw new OAuthError('invalid_grant', 'The session has ended. Sign in again.', { reason: 'session-ended' })
}

function bindingFor(sid: string, { madeOf }: Granted, sender: Sender, settings: Pick<Settings, 'bindingNetwork'>): BindingClaim {
  if (madeOf?.binding) return keptBinding(sid, madeOf.binding, sender, settings)
  return bindingOf(sid, sender, settings.bindingNetwork)
}
