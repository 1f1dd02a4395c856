import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Database } from '@bir/db/schema'
import type { Kysely } from 'kysely'
import { oauthError, OAuthError } from '../../../base/errors/oauth-error.ts'
import { Refusal } from '../../../base/http.ts'
import { isFirstUse } from '../../../tokens/used-once.ts'
import { countAttempt, readAttempts, sourceOf } from '../../attempts/attempts.ts'
import type { AuthenticateClient, FindClient, OAuthClient } from '../client.ts'
import { readClientPolicy } from '../find-client.ts'
import { isSecret } from '../secret.ts'
import { noteUse } from '../stored-client.ts'
import { AssertionFault, clientOfAssertion, verifyClientAssertion } from './client-assertion.ts'
import type { AssertionUse } from './client-assertion.ts'
import { BASIC_CHALLENGE, readCredentials } from './credentials.ts'
import type { Credentials } from './credentials.ts'
import type { KeysAt } from './key-sets.ts'

interface Parts {
  db: Kysely<Database>
  /** The issuer of this server. */
  issuer: string
  findClient: FindClient
  keysAt: KeysAt
  addressOf: (request: IncomingMessage) => string
}

/** Wrong secrets of a client from one address, in a minute over all replicas. Further wrong ones are answered 429. */
const maxWrong = 10

/** Authenticates the client of a request to the token, the revocation or the introspection endpoint. */
export function clientAuthenticator(parts: Parts): AuthenticateClient {
  return async function authenticateClient(form, request) {
    const credentials = readCredentials(form, request)
    try {
      const client = await parts.findClient(idOf(credentials), parts.addressOf(request))
      await prove(parts, client, credentials, request)
      await noteUse(parts.db, client)
      return client
    } catch (error) {
      if (error instanceof AssertionFault) throw oauthError('invalid_client', `The client_assertion is refused: ${error.message}.`)
      throw isBasic(credentials) && error instanceof OAuthError && error.code === 'invalid_client' ? withChallenge(error) : error
    }
  }
}

function idOf(credentials: Credentials): string {
  if (credentials.method !== 'assertion') return credentials.clientId
  const clientId = clientOfAssertion(credentials.assertion)
  if (credentials.clientId !== undefined && credentials.clientId !== clientId)
    throw new AssertionFault('it is of another client than client_id says')
  return clientId
}

/** The client that a request says it is of, for the audit. Nothing of it is proven. */
export function claimedClient(form: URLSearchParams, request: IncomingMessage): string | undefined {
  try {
    return idOf(readCredentials(form, request))
  } catch {
    return form.get('client_id') || undefined
  }
}

async function prove(parts: Parts, client: OAuthClient, credentials: Credentials, request: IncomingMessage): Promise<void> {
  if (credentials.method === 'assertion') return proveByAssertion(parts, client, credentials.assertion)
  if (credentials.method === 'secret') return proveBySecret(parts, client, credentials.secret, request)
  if (client.authMethod !== 'none') throw refused(`This client must authenticate: it is registered with ${client.authMethod}.`)
}

/** A secret is taken in the header and in the form: where it is does not make it better or worse. */
async function proveBySecret({ db, addressOf }: Parts, client: OAuthClient, secret: string, request: IncomingMessage): Promise<void> {
  if (client.secretHash === undefined) throw refused(`This client has no secret: it is registered with ${client.authMethod}.`)
  // Whoever guesses wrong must not lock out the client itself; 256 bits are not guessed.
  if (isSecret(secret, client.secretHash)) return
  const key = `secret ${client.id} ${sourceOf(addressOf(request))}`
  const { count, retryAfterS } = await readAttempts(db, key)
  if (count >= maxWrong) throw tooManyWrong(retryAfterS)
  await countAttempt(db, key)
  throw refused('The client secret is wrong.')
}

const tooManyWrong = (retryAfterS: number) =>
  new Refusal(
    429,
    'invalid_client',
    `The client secret was wrong too often. Try again in ${retryAfterS} s.`,
    {},
    { 'retry-after': String(retryAfterS) },
  )

async function proveByAssertion(parts: Parts, client: OAuthClient, assertion: string): Promise<void> {
  if (client.authMethod !== 'private_key_jwt') throw refused(`This client has no keys: it is registered with ${client.authMethod}.`)
  const { jti, expiresAt } = await verifyWithKeys(parts, client, assertion)
  // Of this client alone, so that nobody uses up the ids of others.
  const id = createHash('sha256')
    .update(JSON.stringify(['client', client.id, jti]))
    .digest('hex')
  if (!(await isFirstUse(parts.db, id, expiresAt))) throw new AssertionFault('it was used before: make a new one for each request')
}

async function verifyWithKeys({ db, issuer, keysAt }: Parts, client: OAuthClient, assertion: string): Promise<AssertionUse> {
  const verify = (keys: NonNullable<OAuthClient['jwks']>) =>
    verifyClientAssertion(assertion, { clientId: client.id, audiences: [issuer, `${issuer}/oauth/token`], keys })
  const { jwks, jwksUri } = client
  if (jwks) return verify(jwks)
  if (jwksUri === undefined) throw new AssertionFault('the client has no keys')
  const { metadataHosts } = await readClientPolicy(db)
  try {
    return await verify(await keysAt(jwksUri, { metadataHosts, isRetry: false }))
  } catch (error) {
    if (!(error instanceof AssertionFault && error.isUnknownKey)) throw error
    return verify(await keysAt(jwksUri, { metadataHosts, isRetry: true }))
  }
}

const refused = (message: string) => oauthError('invalid_client', message)

const isBasic = (credentials: Credentials) => credentials.method === 'secret' && credentials.isBasic

const withChallenge = ({ message, facts, reason }: OAuthError) =>
  new OAuthError('invalid_client', message, { reason, facts, headers: BASIC_CHALLENGE })
