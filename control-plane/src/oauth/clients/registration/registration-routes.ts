import type { Database } from '@bir/db/schema'
import type { Kysely } from 'kysely'
import { isOAuthReason } from '@bir/sdk/contract/audit-reasons'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import { lockChanges, markDirty } from '../../../base/context.ts'
import { oauthError, OAuthError } from '../../../base/errors/oauth-error.ts'
import { json, Refusal } from '../../../base/http.ts'
import type { Answer, Exchange, Route } from '../../../base/http.ts'
import type { Log } from '../../../base/log.ts'
import type { Db } from '../../../policy-rows/types.ts'
import type { RecordOAuth } from '../../base/record.ts'
import { countAttempt, sourceOf, tooOften } from '../../attempts/attempts.ts'
import { isAdmitted, isNamed } from '../admission.ts'
import { readClientMetadata, REGISTRATION_RULES, StoredMetadata } from '../client-metadata.ts'
import type { ClientMetadata } from '../client-metadata.ts'
import { endClient } from '../end-client.ts'
import { readClientPolicy } from '../find-client.ts'
import { redirectTarget } from '../redirect-uri.ts'
import { isSecret, newClientSecret } from '../secret.ts'
import { createStoredClient, needsSecret, readClientRow } from '../stored-client.ts'
import type { ClientRow } from '../stored-client.ts'
import { makeRoom } from './room.ts'

interface Parts {
  db: Kysely<Database>
  issuer: string
  log: Log
  record: RecordOAuth
  /** Ends the wait for a database that hangs. */
  answering: (run: () => Promise<Answer>) => Promise<Answer>
  /** Publishes what ended with a client. */
  publish: () => Promise<unknown>
}

const path = '/oauth/register'
const maxBodyBytes = 32 * 1024
const maxPerMinute = 20

/**
 * Clients register themselves (RFC 7591), and read, change and delete their registration with the token that they got
 * (RFC 7592).
 */
export function registrationRoutes(parts: Parts): Route[] {
  const answered = (answer: (parts: Parts, exchange: Exchange) => Promise<Answer>) => (exchange: Exchange) =>
    parts.answering(() => answer(parts, exchange).catch((error: unknown) => refuse(parts, exchange, error)))
  return [
    { method: 'POST', path, origins: 'any', answer: answered(register) },
    { method: 'GET', path: `${path}/*`, origins: 'any', answer: answered(read) },
    { method: 'PUT', path: `${path}/*`, origins: 'any', answer: answered(replace) },
    { method: 'DELETE', path: `${path}/*`, origins: 'any', answer: answered(remove) },
  ]
}

/** What the audit says of whoever registers: nobody knows more than where the request came from. */
const senderOf = ({ address, request }: Exchange) => ({ method: 'oauth/register', address, userAgent: request.headers['user-agent'] })

async function refuse({ record }: Parts, exchange: Exchange, error: unknown): Promise<never> {
  if (!(error instanceof Refusal)) throw error
  const reason = isOAuthReason(error.error) ? error.error : 'invalid_request'
  await record({ ...senderOf(exchange), outcome: 'refused', id: uuidv7(), reason, detail: error.message })
  throw error
}

async function recordDone({ record }: Parts, exchange: Exchange, { client_id, name, metadata }: ClientRow, what: string): Promise<void> {
  const { redirect_uris } = StoredMetadata.parse(metadata)
  const detail = `${what}: “${name}”, codes go to ${[...new Set(redirect_uris.map(redirectTarget))].join(', ') || 'no address'}`
  await record({ ...senderOf(exchange), outcome: 'answered', client: client_id, detail })
}

async function register(parts: Parts, exchange: Exchange): Promise<Answer> {
  const { db, issuer, log } = parts
  const { count, retryAfterS } = await countAttempt(db, `register ${sourceOf(exchange.address)}`)
  if (count > maxPerMinute) throw tooOften(`More than ${maxPerMinute} registrations in this minute.`, retryAfterS)
  const metadata = readClientMetadata(await bodyOf(exchange), REGISTRATION_RULES)
  await refuseUnlisted(db, metadata)
  await makeRoom(db)
  const { row, secret, registrationToken } = await createStoredClient(db, { kind: 'registered', metadata, madeBy: 'registration' })
  await recordDone(parts, exchange, row, 'registered itself')
  log('info', 'client-registered', { client: row.client_id, method: metadata.token_endpoint_auth_method })
  return json(201, { ...registrationOf(issuer, row), ...secretOf(secret), registration_access_token: registrationToken })
}

async function read({ db, issuer }: Parts, exchange: Exchange): Promise<Answer> {
  return json(200, registrationOf(issuer, await ownRow(db, exchange)))
}

/** What the client sends replaces all that it said of itself before (RFC 7592, section 2.2). */
async function replace(parts: Parts, exchange: Exchange): Promise<Answer> {
  const { db, issuer } = parts
  await ownRow(db, exchange)
  const body = await bodyOf(exchange)
  const metadata = readClientMetadata(body, REGISTRATION_RULES)
  const { row, secret } = await db.transaction().execute(async (trx) => {
    // The client chooses when its body ends. So all that counts is looked at again, and nobody can name it meanwhile.
    await lockChanges(trx, 'shared')
    const before = await ownRow(trx, exchange)
    await refuseNamed(trx, before)
    refuseForeign(before, body)
    await refuseUnlisted(trx, metadata)
    return storeReplaced(trx, before, metadata)
  })
  await recordDone(parts, exchange, row, 'changed its registration')
  return json(200, { ...registrationOf(issuer, row), ...secretOf(secret) })
}

async function storeReplaced(trx: Db, { client_id, secret_hash: oldHash }: ClientRow, metadata: ClientMetadata) {
  const made = needsSecret(metadata) && oldHash === null ? newClientSecret() : undefined
  const secret_hash = needsSecret(metadata) ? (made?.hash ?? oldHash) : null
  const row = await trx
    .updateTable('oauth_clients')
    .set({ name: metadata.client_name, metadata: JSON.stringify(metadata), secret_hash })
    .where('client_id', '=', client_id)
    .returningAll()
    .executeTakeFirst()
  // It was swept meanwhile.
  if (!row) throw noToken()
  return { row, secret: made?.secret }
}

async function remove(parts: Parts, exchange: Exchange): Promise<Answer> {
  const { db, log, publish } = parts
  const row = await ownRow(db, exchange)
  await db.transaction().execute(async (trx) => {
    if ((await endClient(trx, row.client_id)) > 0) await markDirty(trx, [])
  })
  await publish()
  await recordDone(parts, exchange, row, 'deleted its registration')
  log('info', 'client-deleted', { client: row.client_id })
  return { status: 204, headers: { 'cache-control': 'no-store' } }
}

async function bodyOf({ request, body }: Exchange): Promise<Record<string, unknown>> {
  const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase()
  if (type !== 'application/json')
    throw new Refusal(415, 'invalid_client_metadata', 'The body must be application/json (RFC 7591, section 3.1).')
  const bytes = await body(maxBodyBytes)
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  } catch {
    // It gets the same answer as JSON that is no object.
  }
  throw oauthError('invalid_client_metadata', 'The body must be one JSON object with the metadata of the client.')
}

async function refuseUnlisted(db: Db, { redirect_uris }: ClientMetadata): Promise<void> {
  const policy = await readClientPolicy(db)
  // A client that is listed by its id exists already: only where its codes go can admit a new one.
  if (isAdmitted(policy, { id: '', kind: 'registered', redirectUris: redirect_uris })) return
  throw oauthError(
    'invalid_client_metadata',
    'The administrators of this gateway admit only clients that they have listed. Ask them for a client, or to list the host of your redirect URIs.',
  )
}

/**
 * An administrator who names a client by its id trusts what it said of itself until then, above all where its codes go.
 * So it may not say otherwise afterwards (RFC 7592, section 2.2: 403).
 */
async function refuseNamed(db: Db, { client_id }: ClientRow): Promise<void> {
  if (!isNamed(await readClientPolicy(db), client_id)) return
  throw new OAuthError(
    'access_denied',
    'An administrator has listed or approved this registration as it is. Register anew, or ask them to take it off the list first.',
  )
}

/** The registration that the token is of. Whatever is wrong, the answer is the same. */
async function ownRow(db: Db, { request, rest }: Exchange): Promise<ClientRow> {
  const token = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
  const row = token === undefined || !/^[0-9a-f]{32}$/.test(rest) ? undefined : await readClientRow(db, rest)
  if (token === undefined || row?.kind !== 'registered' || !isSecret(token, row.registration_hash ?? undefined)) throw noToken()
  return row
}

const noToken = () =>
  new OAuthError('invalid_token', 'The registration access token is missing, or it is not of this client.', {
    headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
  })

const readOnly = ['registration_access_token', 'registration_client_uri', 'client_secret_expires_at', 'client_id_issued_at']

function refuseForeign(row: ClientRow, body: Record<string, unknown>): void {
  const fault = (message: string) => oauthError('invalid_client_metadata', message)
  if (body['client_id'] !== row.client_id) throw fault('The client_id in the body must be that of the registration.')
  const found = readOnly.find((name) => name in body)
  if (found !== undefined) throw fault(`${found} may not be sent: the server gives it (RFC 7592, section 2.2).`)
  const { client_secret: secret } = body
  if (secret === undefined || (typeof secret === 'string' && isSecret(secret, row.secret_hash ?? undefined))) return
  throw fault('The client_secret in the body is not that of the client: a client cannot choose its secret.')
}

/** The whole registration (RFC 7591, section 3.2.1; RFC 7592, section 3), without its secrets. */
function registrationOf(issuer: string, { client_id, made_at, metadata }: ClientRow): object {
  return {
    client_id,
    client_id_issued_at: Math.floor(made_at.getTime() / 1000),
    registration_client_uri: `${issuer}${path}/${client_id}`,
    scope: 'mcp',
    ...metadata,
  }
}

/** 0: the secret does not expire. */
const secretOf = (secret: string | undefined) => (secret === undefined ? {} : { client_secret: secret, client_secret_expires_at: 0 })
