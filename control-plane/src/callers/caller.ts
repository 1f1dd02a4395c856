import type { IncomingMessage } from 'node:http'
import { isOfOtherPrefix } from '@bir/sdk/binding'
import { ApiError } from '../base/api-error.ts'
import type { Actor, Caller } from '../base/context.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import { issuedClaims, verifyAccessToken } from '../oauth/issue/access-token.ts'
import type { AccessClaims } from '../oauth/issue/access-token.ts'
import { readSettings } from '../settings/settings.ts'
import { AssertionFault, assertedRequest, looksLikeOperatorAssertion, useOnce } from '../tokens/operator.ts'
import type { OperatorVerifier } from '../tokens/operator.ts'
import { apiAudience } from '../oauth/base/resource.ts'
import { bindingFault } from '../oauth/issue/token-binding.ts'
import { recordRefusal } from './record-refusal.ts'
import type { RefusalParts } from './record-refusal.ts'
import { confirmStanding, personWith } from './standing.ts'
import type { Credential, Person } from './standing.ts'
import { tokenFault } from './token-fault.ts'

interface CallerParts extends RefusalParts {
  keys: KeyRing
  issuer: string
  operators: OperatorVerifier
}

/** Who calls, and how what they may is confirmed later. */
interface Authenticated {
  actor: Actor
  caller?: Caller
}

/**
 * Authenticates a caller of the API: a person with an access token, or the operator of an embedded gateway. Refusals
 * are recorded, with whose token it was if it is one of ours.
 */
export async function callerOf(parts: CallerParts, request: IncomingMessage): Promise<Authenticated> {
  const token = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
  if (token === undefined) throw new ApiError('unauthenticated', 'Sign in: the header Authorization must hold a bearer token.')
  try {
    return looksLikeOperatorAssertion(token) ? await operatorCaller(parts, token, request) : await tokenCaller(parts, token, request)
  } catch (error) {
    const refusal = error instanceof AssertionFault ? tokenFault(error, token, apiAudience(parts.issuer)) : error
    if (!isRefusal(refusal)) throw error
    await recordRefusal(parts, request, refusal, { claims: await issuedClaims(parts.keys, token) })
    throw refusal
  }
}

/** Everything else is an outage or a mistake of ours, which says nothing about the token. */
const isRefusal = (error: unknown): error is ApiError =>
  error instanceof ApiError && (error.code === 'unauthenticated' || error.code === 'forbidden')

/** Each assertion is good for one request: whoever gets hold of a used one has nothing. */
async function operatorCaller({ db, operators }: CallerParts, token: string, request: IncomingMessage): Promise<Authenticated> {
  const operator = await operators.verify(token, assertedRequest(request))
  const { label, person } = operator
  if (person !== undefined) throw new AssertionFault('this assertion is for getting a token of a person, not for the API')
  await useOnce(db, operator)
  return { actor: { id: label, label, administrator: true } }
}

async function tokenCaller(parts: CallerParts, token: string, request: IncomingMessage): Promise<Authenticated> {
  const { db, keys, issuer } = parts
  const audience = apiAudience(issuer)
  // It reads nothing but the token and our keys, so whatever fails is a fault of the token.
  const claims = await verifyAccessToken(keys, issuer, audience, token).catch((error: unknown) => {
    throw tokenFault(error, token, audience)
  })
  const { sub: userId, sid, jti, iat, exp } = claims
  const credential: Credential = { kind: 'token', userId, sid, jti, iat, exp }
  const user = await personWith(db, credential)
  await refuseOtherSender(parts, claims, request)
  const actor = { ...personActor(user, sid), client: claims.client_id, ...(claims.act && { through: claims.act.sub }) }
  return { actor, caller: callerWith(parts, request, { user, credential, claims }) }
}

/** Whoever is signed in in a browser, at GraphiQL. */
export function pageCaller(parts: CallerParts, request: IncomingMessage, { user, sid }: { user: Person; sid: string }): Authenticated {
  const credential: Credential = { kind: 'browser', userId: user.id, sid }
  return { actor: personActor(user, sid), caller: callerWith(parts, request, { user, credential }) }
}

/** Refuses whoever was signed in in a browser until their session ended or their account was disabled. */
export async function refusePage(
  parts: CallerParts,
  request: IncomingMessage,
  { user, sid }: { user: Person; sid: string },
): Promise<never> {
  try {
    await confirmStanding(parts.db, { kind: 'browser', userId: user.id, sid }, user.administrator)
  } catch (error) {
    if (isRefusal(error)) await recordRefusal(parts, request, error, { user, sid })
    throw error
  }
  throw new ApiError('unavailable', 'Try again: this account was enabled a moment ago.')
}

interface Known {
  user: Person
  credential: Credential
  claims?: AccessClaims
}

const callerWith = (parts: CallerParts, request: IncomingMessage, { user, credential, claims }: Known): Caller => ({
  confirm: (db) => confirmStanding(db, credential, user.administrator),
  recordRefusal: (operation, refusal) => recordRefusal(parts, request, refusal, { operation, user, claims, sid: credential.sid }),
})

/** A person or service account as the actor of operations, in one of their sessions. */
const personActor = ({ id, handle, administrator }: Person, sid: string): Actor => ({
  id,
  label: handle,
  administrator,
  userId: id,
  sid,
})

/** Refuses a token that somebody else sends than it was issued to: it may be stolen. */
async function refuseOtherSender({ db, addressOf }: CallerParts, claims: AccessClaims, request: IncomingMessage): Promise<void> {
  if (!claims.bnd) return
  const sender = { address: addressOf(request), userAgent: request.headers['user-agent'] }
  const reason = bindingFault(claims, sender, await readSettings(db))
  if (reason === undefined) return
  const isNewSetting = reason === 'binding-network' && isOfOtherPrefix(claims.sid, sender.address, claims.bnd)
  const why = isNewSetting
    ? 'the setting bindingNetwork has changed since this token was issued'
    : 'this token was issued to another network or program'
  throw new ApiError('unauthenticated', `Sign in again: ${why}.`, { reason })
}
