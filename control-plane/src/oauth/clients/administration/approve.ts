import type { Api } from '@bir/sdk/contract/api'
import { ClientPolicy, FileClients } from '@bir/sdk/contract/client-policy'
import type { Transaction } from 'kysely'
import type { Database } from '@bir/db/schema'
import type { z } from 'zod'
import { ApiError } from '../../../base/api-error.ts'
import { change } from '../../../base/context.ts'
import type { Ctx } from '../../../base/context.ts'
import { sectionEdits } from '../../../policy-sections/section-edits.ts'
import { nextSections, readSections, storeSections } from '../../../policy-sections/sections.ts'
import type { Sections } from '../../../policy-sections/sections.ts'
import { isAdmitted, isApproved } from '../admission.ts'
import { documentIdFault, looksLikeDocumentId } from '../document-id.ts'
import { BIR } from '../find-client.ts'
import { clientOfRow } from '../stored-client.ts'
import { rowOf } from './row-of.ts'

type Input = z.output<Api['clients']['approve']['input']>
type Known = Parameters<typeof isApproved>[1]

/**
 * Approves a client for everybody, or takes that back. It edits the policy's section as a file would: an export has the
 * change, and a file without it takes it back.
 */
export async function approve(ctx: Ctx, { client, approved, redirectUris }: Input): Promise<z.output<Api['clients']['approve']['output']>> {
  const { revision } = await change(ctx, { action: 'clients.approve', target: client }, async (trx) => {
    const before = await readSections(trx)
    const known = await knownOf(trx, client, ClientPolicy.parse(before.clients ?? {}))
    if (redirectUris !== undefined) refuseOthers(known, redirectUris)
    const after = approved ? withApproved(before, known) : withoutApproved(before, known)
    const edits = sectionEdits(before, after)
    if (edits.length === 0) return { value: undefined, dirty: 'nothing' }
    await storeSections(trx, before, after)
    return { value: undefined, dirty: [], detail: edits.join('\n') }
  })
  return { revision }
}

async function knownOf(trx: Transaction<Database>, client: string, { metadataDocuments }: ClientPolicy): Promise<Known> {
  if (client === BIR.id) return BIR
  if (!looksLikeDocumentId(client)) {
    const row = await rowOf(trx, client)
    return { ...clientOfRow(row), handle: row.handle }
  }
  const fault = documentIdFault(client)
  if (fault !== undefined) throw new ApiError('invalid_input', `client: the URL ${fault}.`)
  if (metadataDocuments === 'off')
    throw conflict('The policy takes no metadata documents (metadataDocuments: off): no client has a URL as its id.')
  return { id: client, kind: 'document', host: new URL(client).host, redirectUris: [] }
}

/** A client that registered itself may have changed its registration since somebody looked at it. */
function refuseOthers({ kind, redirectUris }: Known, seen: readonly string[]): void {
  if (kind === 'document' || kind === 'built-in')
    throw new ApiError('invalid_input', 'redirectUris: only a client that is stored has redirect URIs that can be compared.')
  if (redirectUris.length === new Set(seen).size && redirectUris.every((uri) => seen.includes(uri))) return
  throw conflict(`The client has other redirect URIs by now: ${redirectUris.join(', ') || 'none'}. Look at them, then approve it again.`)
}

function withApproved(before: Sections, known: Known): Sections {
  const policy = ClientPolicy.parse(before.clients ?? {})
  if (known.kind === 'service') throw conflict('It is of a service account, for which nobody is asked for consent.')
  if (!isAdmitted(policy, known)) throw conflict('The policy does not admit the client: list it in "clients" first (bir apply).')
  return isApproved(policy, known) ? before : withList(before, [...policy.approved, known.id])
}

function withoutApproved(before: Sections, known: Known): Sections {
  const { approved, ...policy } = ClientPolicy.parse(before.clients ?? {})
  if (known.isPortal) throw conflict('It is a portal, for which nobody is asked for consent: delete it if it shall not act for people.')
  const left = approved.filter((entry) => entry !== known.id && entry !== known.handle)
  if (isApproved({ ...policy, approved: left }, known))
    throw conflict('The policy approves the host of the client, and so this one: change "clients" in the policy file (bir apply).')
  return withList(before, left)
}

function withList(before: Sections, approved: string[]): Sections {
  const { approved: _, ...others } = before.clients ?? {}
  const clients = approved.length === 0 ? others : { ...others, approved }
  const { success } = FileClients.shape.approved.safeParse(approved)
  if (!success) throw conflict('The policy approves as many clients as it can: take some off, or approve them by their host.')
  return nextSections(before, { clients })
}

const conflict = (message: string) => new ApiError('conflict', message)
