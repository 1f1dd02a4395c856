import { ClientPolicy } from '@bir/sdk/contract/client-policy'
import { OAuthError } from '../../base/errors/oauth-error.ts'
import type { Db } from '../../policy-rows/types.ts'
import { readSection } from '../../policy-sections/sections.ts'
import { isAdmitted, isApproved } from './admission.ts'
import type { FindClient, OAuthClient } from './client.ts'
import { OPEN_GRANT_TYPES } from './client.ts'
import { looksLikeDocumentId } from './document-id.ts'
import type { Documents } from './documents.ts'
import { clientOfRow, readClientRow } from './stored-client.ts'

/** The `bir` command, which every gateway knows. It keeps no secret: it runs on people's machines. */
export const BIR: Found = {
  id: 'bir',
  kind: 'built-in',
  name: 'bir',
  redirectUris: ['http://127.0.0.1/callback', 'http://[::1]/callback', 'http://localhost/callback'],
  grantTypes: OPEN_GRANT_TYPES,
  authMethod: 'none',
}

/** The policy approves a client that an administrator made by its handle too. */
type Found = Omit<OAuthClient, 'isApproved'> & { handle?: string | null }

export const readClientPolicy = async (db: Db): Promise<ClientPolicy> => ClientPolicy.parse(await readSection(db, 'clients'))

/** Finds clients: `bir`, those that are stored, and those whose id is the URL of their metadata document. */
export function clientFinder({ db, documents }: { db: Db; documents: Documents }): FindClient {
  async function lookUp(clientId: string, address: string, policy: ClientPolicy): Promise<Found | undefined> {
    if (clientId === BIR.id) return BIR
    if (looksLikeDocumentId(clientId)) {
      if (policy.metadataDocuments === 'off') throw documentsOff(clientId)
      return documents.find(clientId, { metadataHosts: policy.metadataHosts, address })
    }
    if (!/^[\x21-\x7e]{1,200}$/.test(clientId)) return undefined
    const row = await readClientRow(db, clientId)
    return row && { ...clientOfRow(row), handle: row.handle }
  }

  return async function findClient(clientId, address) {
    const policy = await readClientPolicy(db)
    const found = await lookUp(clientId, address, policy)
    if (!found) throw unknownClient()
    if (!isAdmitted(policy, found)) throw notAdmitted(found)
    const { handle: _, ...client } = found
    return { ...client, isApproved: isApproved(policy, found) }
  }
}

const unknownClient = () =>
  new OAuthError('invalid_client', 'This gateway does not know the client, or no longer: register it again.', { reason: 'unknown-client' })

const documentsOff = (clientId: string) =>
  new OAuthError(
    'invalid_client',
    'The administrators of this gateway let it take no client metadata documents: register the client, and use the client_id that it is given.',
    { reason: 'client-documents-off', about: URL.parse(clientId)?.host },
  )

const notAdmitted = ({ name, id }: Found) =>
  new OAuthError(
    'unauthorized_client',
    'The administrators of this gateway admit only clients that they have listed. Ask them to list this one.',
    {
      reason: 'client-not-allowed',
      about: name,
      recordDetail: `The policy admits listed clients alone (clients: { allow: listed }), and not “${name}” (${id}).`,
    },
  )
