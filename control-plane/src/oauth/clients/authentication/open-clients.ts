import type { IncomingMessage } from 'node:http'
import type { Database } from '@bir/db/schema'
import type { ProxyFor } from '@bir/sdk/proxies'
import type { Kysely } from 'kysely'
import type { AuthenticateClient, FindClient } from '../client.ts'
import { createDocuments } from '../documents.ts'
import { jsonFetcher } from '../fetch/fetch-json.ts'
import { clientFinder } from '../find-client.ts'
import { clientAuthenticator } from './authenticate-client.ts'
import { keySets } from './key-sets.ts'

interface Parts {
  db: Kysely<Database>
  issuer: string
  /** The proxy to what clients name: their metadata documents and keys. */
  proxyFor: ProxyFor
  addressOf: (request: IncomingMessage) => string
}

/** Which OAuth clients there are, and whether a request is of one. */
export function openClients({ db, issuer, proxyFor, addressOf }: Parts): {
  findClient: FindClient
  authenticateClient: AuthenticateClient
} {
  const fetchJson = jsonFetcher({ proxyFor })
  const findClient = clientFinder({ db, documents: createDocuments({ db, fetchJson }) })
  return { findClient, authenticateClient: clientAuthenticator({ db, issuer, findClient, keysAt: keySets(fetchJson), addressOf }) }
}
