import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Database } from '@bir/db/schema'
import type { Kysely } from 'kysely'
import type { Actor, Ctx } from '../base/context.ts'
import { json, Refusal } from '../base/http.ts'
import type { Answer, Exchange } from '../base/http.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import { MAX_TOKEN_LIFE_MS } from '../keys/rotation.ts'
import type { Log } from '../base/log.ts'
import { outageText } from '../base/outage.ts'
import type { UserRow } from '../users/users.ts'
import { LIFE_SECONDS, signAccessToken } from './access-token.ts'
import { oauthError } from './oauth-error.ts'
import { assertedRequest, useOnce } from './operator.ts'
import type { OperatorVerifier } from './operator.ts'
import type { Provider } from './provider.ts'
import { refuseUnknownServer, targetOf } from './resource.ts'
import type { Target } from './resource.ts'
import { signIn } from './sign-in.ts'

export const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
export const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const accessToken = 'urn:ietf:params:oauth:token-type:access_token'
const subjectTypes = ['urn:ietf:params:oauth:token-type:id_token', 'urn:ietf:params:oauth:token-type:jwt', accessToken]

const maxFormBytes = 64 * 1024
const operatorLifeSeconds = 8 * 60 * 60

export interface TokenParts {
  db: Kysely<Database>
  keys: KeyRing
  issuer: string
  mcpUrl: string
  idpProvider: string
  provider: Provider
  operators: OperatorVerifier
  ctxOf: (label: string) => Ctx
  log: Log
}

interface Grant {
  user: UserRow
  revision: number
  clientId: string
  lifeSeconds: number
  /** The actor that the audit record of the issue names. */
  recordedAs: Actor
  /** Set when somebody else acts for the person, such as an operator. */
  actor?: string
}

export async function tokenEndpoint(parts: TokenParts, exchange: Exchange): Promise<Answer> {
  const { db, keys, issuer, log, ctxOf } = parts
  const form = await formOf(exchange)
  const target = targetOf(form.getAll('resource'), parts)
  const { audience } = target
  const { user, revision, clientId, lifeSeconds, actor, recordedAs } = await grantOf(parts, form, target, exchange.request)
  const jti = randomUUID()
  const token = { subject: user.id, audience, clientId, revision, lifeSeconds, jti, ...(actor === undefined ? {} : { actor }) }
  const access_token = await signAccessToken(keys, issuer, token)
  // A token does not change the policy, so it needs only an audit record, no lock and no new revision. The record is
  // written before the token is sent.
  const detail = `client ${clientId}, for ${audience}, ${lifeSeconds} s, jti ${jti}`
  const record = { actor: recordedAs, action: 'tokens.issue', target: user.handle, detail }
  await db.transaction().execute((trx) => ctxOf(recordedAs.label).recordChange(trx, record))
  log('info', 'token-issued', { person: user.handle, audience, clientId, actor, lifeSeconds })
  const body = { access_token, issued_token_type: accessToken, token_type: 'Bearer', expires_in: lifeSeconds, scope: 'mcp' }
  return json(200, body, { pragma: 'no-cache' })
}

function grantOf(parts: TokenParts, form: URLSearchParams, target: Target, request: IncomingMessage): Promise<Grant> {
  const grantType = requireParameter(form, 'grant_type')
  if (grantType === TOKEN_EXCHANGE) return grantByTokenExchange(parts, form, target)
  if (grantType === JWT_BEARER) return grantByAssertion(parts, form, target, request)
  throw oauthError('unsupported_grant_type', 'This grant type is not served here.')
}

/** Exchanges a token of the identity provider for one of ours (RFC 8693). */
async function grantByTokenExchange(
  { db, provider, idpProvider, ctxOf }: TokenParts,
  form: URLSearchParams,
  target: Target,
): Promise<Grant> {
  if (!subjectTypes.includes(requireParameter(form, 'subject_token_type')))
    throw oauthError('invalid_request', 'The subject_token_type must be an id_token, a jwt or an access_token.')
  if (form.has('actor_token')) throw oauthError('invalid_request', 'An actor_token is not taken.')
  if ((form.get('requested_token_type') ?? accessToken) !== accessToken)
    throw oauthError('invalid_request', 'Only access tokens are issued.')
  const claims = await provider.verify(requireParameter(form, 'subject_token'))
  await refuseUnknownServer(db, target)
  const { user, revision } = await signIn(ctxOf(`provider:${idpProvider}`), idpProvider, claims)
  refuseDisabled(user)
  const recordedAs = { id: user.id, label: user.handle, administrator: user.administrator, userId: user.id }
  return { user, revision, clientId: claims.azp ?? claims.client_id ?? 'unknown', lifeSeconds: LIFE_SECONDS, recordedAs }
}

/** Gives the holder of the operator key a token for a person of their choice (RFC 7523). */
async function grantByAssertion(
  { db, operators, ctxOf }: TokenParts,
  form: URLSearchParams,
  target: Target,
  request: IncomingMessage,
): Promise<Grant> {
  const refuse = (error: Error) => {
    if (outageText(error) !== undefined) throw error
    throw oauthError('invalid_grant', `Refused: ${error.message}.`)
  }
  const operator = await operators.verify(requireParameter(form, 'assertion'), assertedRequest(request)).catch(refuse)
  await refuseUnknownServer(db, target)
  const { person, label } = operator
  if (person === undefined) throw oauthError('invalid_grant', 'The assertion names no person to act for.')
  const lifeSeconds = lifeOf(form)
  await useOnce(db, operator).catch(refuse)
  const user = await db.selectFrom('users').selectAll().where('handle', '=', person).executeTakeFirst()
  if (!user) throw oauthError('invalid_grant', 'There is no such person.', { reason: 'unknown_person' })
  refuseDisabled(user)

  const { actor, publisher } = ctxOf(label)
  return { user, revision: await publisher.publish(), clientId: 'bir', lifeSeconds, recordedAs: actor, actor: label }
}

function refuseDisabled({ disabled }: UserRow): void {
  if (disabled) throw oauthError('invalid_grant', 'This account is disabled. Ask an administrator.')
}

function lifeOf(form: URLSearchParams): number {
  const text = form.get('requested_token_lifetime') ?? String(operatorLifeSeconds)
  const seconds = /^\d{1,9}$/.test(text) ? Number(text) : 0
  if (seconds > 0 && seconds * 1000 <= MAX_TOKEN_LIFE_MS) return seconds
  throw oauthError('invalid_request', 'requested_token_lifetime must be between 1 second and 30 days, in seconds.')
}

async function formOf({ request, body }: Exchange): Promise<URLSearchParams> {
  const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase()
  if (type !== 'application/x-www-form-urlencoded') throw new Refusal(415, 'invalid_request', 'The body must be form-encoded.')
  return new URLSearchParams((await body(maxFormBytes)).toString())
}

/** Refuses a parameter that is sent twice: two readers may read such a request differently (RFC 6749 §3.2). */
function requireParameter(form: URLSearchParams, name: string): string {
  const [value, ...repetitions] = form.getAll(name)
  if (!value || repetitions.length > 0) throw oauthError('invalid_request', `Exactly one ${name} is needed.`)
  return value
}
