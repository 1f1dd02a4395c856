import type { IncomingMessage } from 'node:http'
import { isOfOtherPrefix } from '@bir/sdk/binding'
import type { Database } from '@bir/db/schema'
import type { Kysely } from 'kysely'
import { ApiError } from '../base/api-error.ts'
import type { Actor } from '../base/context.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import { outageText } from '../base/outage.ts'
import type { RecordOAuth } from '../oauth/base/record.ts'
import { verifyAccessToken } from '../oauth/issue/access-token.ts'
import type { AccessClaims } from '../oauth/issue/access-token.ts'
import { readSettings } from '../settings/settings.ts'
import { assertedRequest, looksLikeOperatorAssertion, useOnce } from '../tokens/operator.ts'
import type { OperatorVerifier } from '../tokens/operator.ts'
import { apiAudience } from '../oauth/base/resource.ts'
import { bindingFault } from '../oauth/issue/token-binding.ts'
import { tokenFaultText } from './token-fault.ts'

interface CallerParts {
  db: Kysely<Database>
  keys: KeyRing
  issuer: string
  operators: OperatorVerifier
  /** The address of the client, as far as trusted proxies tell it. */
  addressOf: (request: IncomingMessage) => string
  record: RecordOAuth
}

/** Authenticates a caller of the API: a person with an access token, or the operator of an embedded gateway. */
export async function callerOf(parts: CallerParts, request: IncomingMessage): Promise<Actor> {
  const token = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
  if (token === undefined) throw new ApiError('unauthenticated', 'Sign in: the header Authorization must hold a bearer token.')
  try {
    return looksLikeOperatorAssertion(token) ? await operatorActor(parts, token, request) : await tokenActor(parts, token, request)
  } catch (error) {
    if (error instanceof ApiError || outageText(error) !== undefined) throw ApiError.from(error)
    throw new ApiError('unauthenticated', tokenFaultText(error, token, apiAudience(parts.issuer)), { cause: error })
  }
}

/** Each assertion is good for one request: whoever gets hold of a used one has nothing. */
async function operatorActor({ db, operators }: CallerParts, token: string, request: IncomingMessage): Promise<Actor> {
  const operator = await operators.verify(token, assertedRequest(request))
  const { label, person } = operator
  if (person !== undefined) throw new Error('this assertion is for getting a token of a person, not for the API')
  await useOnce(db, operator)
  return { id: label, label, administrator: true }
}

async function tokenActor(parts: CallerParts, token: string, request: IncomingMessage): Promise<Actor> {
  const { db, keys, issuer } = parts
  const claims = await verifyAccessToken(keys, issuer, apiAudience(issuer), token)
  const user = await db
    .selectFrom('users')
    .select(['id', 'handle', 'administrator', 'disabled', 'epoch'])
    .where('id', '=', claims.sub)
    .executeTakeFirst()
  if (!user) throw new Error('there is no such person')
  if (user.disabled) throw new ApiError('forbidden', 'This account is disabled. Ask an administrator.')
  if (claims.iat < Number(user.epoch)) throw new Error('this token was voided')
  const revoked = await db
    .selectFrom('revocations')
    .select('id')
    .where((eb) => eb.or([eb.and({ kind: 'token', id: claims.jti }), eb.and({ kind: 'session', id: claims.sid })]))
    .executeTakeFirst()
  if (revoked) throw new Error('this token was revoked')
  // A token of before has a session without a row.
  const row = await db.selectFrom('sessions').select('ended_at').where('sid', '=', claims.sid).executeTakeFirst()
  if (row && row.ended_at !== null) throw new Error('its session has ended')
  await refuseOtherSender(parts, claims, request, user)
  return { ...personActor(user, claims.sid), client: claims.client_id, ...(claims.act && { through: claims.act.sub }) }
}

interface Person {
  id: string
  handle: string
  administrator: boolean
}

/** A person or service account as the actor of operations, in one of their sessions. */
export const personActor = ({ id, handle, administrator }: Person, sid: string): Actor => ({
  id,
  label: handle,
  administrator,
  userId: id,
  sid,
})

/** Refuses a token that somebody else sends than it was issued to, and records it: it may be stolen. */
async function refuseOtherSender(
  { db, addressOf, record }: CallerParts,
  claims: AccessClaims,
  request: IncomingMessage,
  user: { id: string; handle: string },
): Promise<void> {
  if (!claims.bnd) return
  const sender = { address: addressOf(request), userAgent: request.headers['user-agent'] }
  const reason = bindingFault(claims, sender, await readSettings(db))
  if (reason === undefined) return
  const isNewSetting = reason === 'binding-network' && isOfOtherPrefix(claims.sid, sender.address, claims.bnd)
  const why = isNewSetting
    ? 'the setting bindingNetwork has changed since this token was issued'
    : 'this token was issued to another network or program'
  await record({
    ...sender,
    method: 'api',
    outcome: 'refused',
    reason,
    user,
    client: claims.client_id,
    tokenId: claims.jti,
    sessionId: claims.sid,
    detail: `${why} (session ${claims.sid})`,
  })
  throw new Error(why)
}
