import type { Database } from '@bir/db/schema'
import type { Kysely, Selectable } from 'kysely'
import type { OAuthReason } from '@bir/sdk/contract/audit-reasons'
import { OAuthError } from '../../base/errors/oauth-error.ts'
import { sourceOf, tooOften } from '../attempts/attempts.ts'
import type { OAuthClient } from './client.ts'
import { DOCUMENT_RULES, readClientMetadata, StoredMetadata } from './client-metadata.ts'
import type { ClientMetadata } from './client-metadata.ts'
import { documentIdFault, isExcepted } from './document-id.ts'
import { FetchFault, FetchLimited } from './fetch/fetch-fault.ts'
import type { FaultCause } from './fetch/fetch-fault.ts'
import type { FetchJson } from './fetch/fetch-json.ts'
import { AddressLimited, countFetch } from './fetch/count-fetch.ts'

type Row = Selectable<Database['client_documents']>
type DocumentClient = Omit<OAuthClient, 'isApproved'>

interface Asked {
  isPrivate: boolean
  /** Who asks. */
  address: string
}

export interface Documents {
  /**
   * The client whose metadata document is at this URL. Throws `invalid_client`, `temporarily_unavailable`, or 429 when
   * the address has had too much fetched.
   */
  find(clientId: string, asked: { metadataHosts: readonly string[]; address: string }): Promise<DocumentClient>
}

/** A failure is remembered so long: people who try again do not make this process ask again. */
const failureMs = 20_000
const maxFailures = 1_000
/** A document that cannot be fetched again for now is used as it was, so long after it was fetched. */
const staleMs = 24 * 60 * 60_000
const privateFreshMs = 5 * 60_000

/**
 * Client id metadata documents: the client's id is the URL of a document that says what the client is. Documents are
 * fetched under the rules of `fetchJson`, and kept in the database for all replicas as long as HTTP caching says, but 5
 * minutes at least and a day at most.
 */
export function createDocuments({ db, fetchJson }: { db: Kysely<Database>; fetchJson: FetchJson }): Documents {
  /* By `keyOf`: what was refused under one policy says nothing about another. */
  const underWay = new Map<string, Promise<DocumentClient>>()
  const failures = new Map<string, { untilMs: number; error: OAuthError }>()

  const readRow = (clientId: string): Promise<Row | undefined> =>
    db.selectFrom('client_documents').selectAll().where('client_id', '=', clientId).executeTakeFirst()

  async function renew(url: URL, row: Row | undefined, isPrivate: boolean): Promise<DocumentClient> {
    const clientId = url.href
    try {
      const fetched = await fetchJson(url, { etag: row?.etag ?? undefined, isPrivate })
      const metadata = fetched.json === undefined ? undefined : readDocument(clientId, fetched.json)
      const document = metadata ?? row?.document
      if (document === undefined) throw new FetchFault('it did not come', 'content')
      // A host may be taken off the policy's list at any time.
      const freshMs = isPrivate ? Math.min(fetched.freshMs, privateFreshMs) : fetched.freshMs
      await store(db, clientId, { document, etag: fetched.etag ?? null, freshMs })
      return clientOf(clientId, document)
    } catch (error) {
      const isPassing = error instanceof FetchLimited || (error instanceof FetchFault && error.kind === 'passing')
      if (!isPassing || !row || Date.now() - row.fetched_at.getTime() > staleMs) throw refusalOf(error, url.host)
      const fresh_until = new Date(Date.now() + failureMs)
      await db.updateTable('client_documents').set({ fresh_until }).where('client_id', '=', clientId).execute()
      return clientOf(clientId, row.document)
    }
  }

  /** Another request may have renewed it since the row was read. What is known already never counts. */
  async function renewIfOld(url: URL, { isPrivate, address }: Asked): Promise<DocumentClient> {
    const row = await readRow(url.href)
    if (row && isFresh(row)) return clientOf(url.href, row.document)
    if (!row) await countFetch(db, address)
    return renew(url, row, isPrivate)
  }

  async function begin(url: URL, asked: Asked): Promise<DocumentClient> {
    try {
      const client = await renewIfOld(url, asked)
      failures.delete(keyOf(url, asked))
      return client
    } catch (error) {
      if (error instanceof OAuthError) remember(keyOf(url, asked), error)
      throw error
    } finally {
      underWay.delete(keyOf(url, asked))
    }
  }

  /** Many who ask at once wait for one answer. Where another address was refused it, the next one asks itself. */
  async function renewOnce(url: URL, asked: Asked): Promise<DocumentClient> {
    const key = keyOf(url, asked)
    const failure = failures.get(key)
    if (failure && failure.untilMs > Date.now()) throw failure.error
    const source = sourceOf(asked.address)
    const others = underWay.get(key)
    if (others)
      return others.catch((error: unknown) => {
        if (error instanceof AddressLimited && error.source !== source) return renewOnce(url, asked)
        throw error
      })
    const client = begin(url, asked)
    underWay.set(key, client)
    return client
  }

  function remember(key: string, error: OAuthError): void {
    failures.delete(key)
    failures.set(key, { untilMs: Date.now() + failureMs, error })
    const [oldest] = failures.keys()
    if (failures.size > maxFailures && oldest !== undefined) failures.delete(oldest)
  }

  return {
    async find(clientId, { metadataHosts, address }) {
      const fault = documentIdFault(clientId)
      if (fault !== undefined) throw new OAuthError('invalid_client', `The client_id ${fault}.`)
      const url = new URL(clientId)
      const isPrivate = isExcepted(url, metadataHosts)
      const row = await readRow(clientId)
      return row && isFresh(row) ? clientOf(clientId, row.document) : renewOnce(url, { isPrivate, address })
    },
  }
}

const keyOf = ({ href }: URL, { isPrivate }: Asked): string => (isPrivate ? `private ${href}` : href)

const isFresh = ({ fresh_until }: Row) => fresh_until.getTime() > Date.now()

const invalid = (message: string, about: string) => new OAuthError('invalid_client', message, { reason: 'faulty-client-document', about })

/** Throws `invalid_client` for a document that does not fit: it is the client's, and so is the fault. */
function readDocument(clientId: string, json: unknown): ClientMetadata {
  const given: Record<string, unknown> = typeof json === 'object' && json !== null ? { ...json } : {}
  const refused = (message: string) => invalid(message, new URL(clientId).host)
  if (given['client_id'] !== clientId) throw refused('The client_id in the client metadata document is not the URL of the document.')
  if (typeof given['client_name'] !== 'string' || given['client_name'].trim() === '')
    throw refused('The client metadata document has no client_name.')
  if ('client_secret' in given || 'client_secret_expires_at' in given)
    throw refused('The client metadata document holds a client secret, which is a secret no more.')
  try {
    return readClientMetadata(given, DOCUMENT_RULES)
  } catch (error) {
    throw error instanceof OAuthError ? refused(`The client metadata document does not fit: ${error.message}`) : error
  }
}

function refusalOf(error: unknown, host: string): unknown {
  if (error instanceof FetchLimited) return tooOften(`The client metadata document is not fetched now: ${error.message}`, error.retryAfterS)
  if (!(error instanceof FetchFault)) return error
  const message = `The client metadata document cannot be used: ${error.message}.`
  if (error.where === 'content') return invalid(message, host)
  const text = error.where === 'way' ? `${message} ${withoutWayOut}` : message
  return new OAuthError('temporarily_unavailable', text, { reason: reasons[error.where], about: host })
}

const withoutWayOut =
  'A gateway without a way there can do without such documents: with "clients: { metadataDocuments: off }" in its policy, clients register themselves.'

const reasons = {
  way: 'unreachable-client-document',
  certificate: 'untrusted-client-document',
  host: 'failing-client-document',
} as const satisfies Record<Exclude<FaultCause, 'content'>, OAuthReason>

function clientOf(clientId: string, document: unknown): DocumentClient {
  const metadata = StoredMetadata.parse(document)
  const { client_name: name } = document as ClientMetadata
  return {
    id: clientId,
    kind: 'document',
    name,
    redirectUris: metadata.redirect_uris,
    ...(metadata.post_logout_redirect_uris && { postLogoutRedirectUris: metadata.post_logout_redirect_uris }),
    grantTypes: metadata.grant_types,
    authMethod: metadata.token_endpoint_auth_method,
    ...(metadata.jwks === undefined ? {} : { jwks: metadata.jwks }),
    ...(metadata.jwks_uri === undefined ? {} : { jwksUri: metadata.jwks_uri }),
    host: new URL(clientId).host,
  }
}

interface Stored {
  document: object
  etag: string | null
  freshMs: number
}

async function store(db: Kysely<Database>, clientId: string, { document, etag, freshMs }: Stored): Promise<void> {
  const nowMs = Date.now()
  const row = {
    document: JSON.stringify(document),
    etag,
    fetched_at: new Date(nowMs),
    fresh_until: new Date(nowMs + freshMs),
  }
  await db
    .insertInto('client_documents')
    .values({ client_id: clientId, ...row })
    .onConflict((conflict) => conflict.column('client_id').doUpdateSet(row))
    .execute()
}

const maxDocuments = 10_000

/** Deletes documents that nobody asked for in a week, and the oldest ones when there are too many. */
export async function sweepDocuments(db: Kysely<Database>): Promise<void> {
  const weekMs = 7 * 24 * 60 * 60_000
  await db
    .deleteFrom('client_documents')
    .where('fresh_until', '<', new Date(Date.now() - weekMs))
    .execute()
  const tooMany = db.selectFrom('client_documents').select('client_id').orderBy('fetched_at', 'desc').offset(maxDocuments)
  await db.deleteFrom('client_documents').where('client_id', 'in', tooMany).execute()
}
