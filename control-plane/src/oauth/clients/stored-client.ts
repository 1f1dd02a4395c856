import type { Database } from '@bir/db/schema'
import { sql } from 'kysely'
import type { Kysely, Selectable, Transaction } from 'kysely'
import { randomBytes } from 'node:crypto'
import type { OAuthClient } from './client.ts'
import { StoredMetadata } from './client-metadata.ts'
import type { ClientMetadata } from './client-metadata.ts'
import { newClientSecret } from './secret.ts'

type Db = Kysely<Database> | Transaction<Database>
export type ClientRow = Selectable<Database['oauth_clients']>

const dayMs = 24 * 60 * 60_000
/** A client that registered itself goes when nobody has used it for so long. */
const unusedLifeMs = 90 * dayMs

export async function readClientRow(db: Db, clientId: string): Promise<ClientRow | undefined> {
  return db
    .selectFrom('oauth_clients')
    .selectAll()
    .where('client_id', '=', clientId)
    .where((eb) => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', sql<Date>`now()`)]))
    .executeTakeFirst()
}

/** Without `isApproved`, which the policy says. */
export function clientOfRow(row: ClientRow): Omit<OAuthClient, 'isApproved'> {
  const metadata = StoredMetadata.parse(row.metadata)
  return {
    id: row.client_id,
    kind: row.kind,
    name: row.name,
    redirectUris: metadata.redirect_uris,
    ...(metadata.post_logout_redirect_uris && { postLogoutRedirectUris: metadata.post_logout_redirect_uris }),
    grantTypes: metadata.grant_types,
    authMethod: metadata.token_endpoint_auth_method,
    ...(row.secret_hash === null ? {} : { secretHash: row.secret_hash }),
    ...(metadata.jwks === undefined ? {} : { jwks: metadata.jwks }),
    ...(metadata.jwks_uri === undefined ? {} : { jwksUri: metadata.jwks_uri }),
    ...(row.user_id === null ? {} : { userId: row.user_id }),
    ...(row.portal ? { isPortal: true } : {}),
  }
}

export interface NewClient {
  kind: ClientRow['kind']
  handle?: string | undefined
  metadata: ClientMetadata
  /** The service account that the client is of. */
  userId?: string | undefined
  /** It is a portal. Its handle is its id too. */
  isPortal?: boolean
  /** The label of the actor. */
  madeBy: string
}

export interface MadeClient {
  row: ClientRow
  /** Shown this once. Absent for a client that needs none. */
  secret: string | undefined
  /** The registration access token (RFC 7592), of a client that registers itself. */
  registrationToken: string | undefined
}

/** Stores a new client of any kind. A portal has its handle as id, others a new one; who needs a secret gets one. */
export async function createStoredClient(
  trx: Db,
  { kind, handle, metadata, userId, isPortal = false, madeBy }: NewClient,
): Promise<MadeClient> {
  const secret = needsSecret(metadata) ? newClientSecret() : undefined
  const registration = kind === 'registered' ? newClientSecret() : undefined
  const row = await trx
    .insertInto('oauth_clients')
    .values({
      client_id: isPortal && handle !== undefined ? handle : randomBytes(16).toString('hex'),
      kind,
      handle: handle ?? null,
      name: metadata.client_name,
      metadata: JSON.stringify(metadata),
      secret_hash: secret?.hash ?? null,
      registration_hash: registration?.hash ?? null,
      user_id: userId ?? null,
      portal: isPortal,
      made_by: madeBy,
      expires_at: kind === 'registered' ? new Date(Date.now() + unusedLifeMs) : null,
    })
    .returningAll()
    .executeTakeFirstOrThrow()
  return { row, secret: secret?.secret, registrationToken: registration?.secret }
}

export const needsSecret = ({ token_endpoint_auth_method: method }: Pick<ClientMetadata, 'token_endpoint_auth_method'>): boolean =>
  method === 'client_secret_basic' || method === 'client_secret_post'

/** Notes that the client was used, at most once a day: then it lives on. */
export async function noteUse(db: Db, { id, kind }: Pick<OAuthClient, 'id' | 'kind'>): Promise<void> {
  if (kind === 'built-in' || kind === 'document') return
  const now = Date.now()
  await db
    .updateTable('oauth_clients')
    .set({ used_at: new Date(now), ...(kind === 'registered' ? { expires_at: new Date(now + unusedLifeMs) } : {}) })
    .where('client_id', '=', id)
    .where((eb) => eb.or([eb('used_at', 'is', null), eb('used_at', '<', new Date(now - dayMs))]))
    .execute()
}

/** Deletes clients that registered themselves and were not used for long. */
export async function sweepClients(db: Db): Promise<void> {
  await db
    .deleteFrom('oauth_clients')
    .where('expires_at', '<', sql<Date>`now()`)
    .execute()
}
