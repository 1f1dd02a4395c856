import type { Database } from '@bir/db/schema'
import type { Kysely } from 'kysely'
import { z } from 'zod'
import { OAuthError } from '../../base/errors/oauth-error.ts'
import { optionalText } from '../base/form.ts'
import type { OAuthParts } from '../base/parts.ts'
import { mayLeadTo } from '../clients/admission.ts'
import { redirectUriFault } from '../clients/redirect-uri.ts'
import { PageFault } from '../flow/page-fault.ts'
import { findSignIn } from '../flow/sign-ins.ts'

/**
 * The parameters of a client's wish (RP-Initiated Logout 1.0, section 2). `id_token_hint` is none of them: the gateway
 * gives no id tokens, so the client is known by its id.
 */
const names = ['client_id', 'post_logout_redirect_uri', 'state'] as const

export const wishOf = (parameters: URLSearchParams): Record<string, string> =>
  Object.fromEntries(
    names.flatMap((name) => [optionalText(parameters, name)].flatMap((value) => (value === undefined ? [] : [[name, value]]))),
  )

/** Where a person goes on to who is signed out. */
export interface Onward {
  address: string
  /** The browser is led there. Otherwise the page of the end has a link to it. */
  isLed: boolean
}

/** Where a client wants the person to go afterwards: one of its own addresses. Undefined for any other wish. */
export async function clientReturn(
  { findClient }: Pick<OAuthParts, 'findClient'>,
  parameters: URLSearchParams,
  from: string,
): Promise<Onward | undefined> {
  const { client_id: clientId, post_logout_redirect_uri: address, state } = wishOf(parameters)
  if (clientId === undefined || address === undefined) return undefined
  const client = await findClient(clientId, from).catch((error: unknown) => {
    if (error instanceof OAuthError) return undefined
    throw error
  })
  const redirectUris = client?.postLogoutRedirectUris ?? []
  if (!client || redirectUriFault({ redirectUris }, address) !== undefined) return undefined
  const url = new URL(address)
  if (state !== undefined) url.searchParams.set('state', state)
  return { address: url.href, isLed: mayLeadTo(client, address) }
}

const Kept = z.object({ afterLogout: z.string() })

/** Where the browser goes on to when it comes back from the provider's logout. */
export async function returnOfProvider(
  db: Kysely<Database>,
  parameters: URLSearchParams,
  browser: { hash: string },
): Promise<string | undefined> {
  const state = optionalText(parameters, 'state')
  if (state === undefined || parameters.has('client_id')) return undefined
  const row = await findSignIn(db, state, browser).catch((error: unknown) => {
    if (error instanceof PageFault) return undefined
    throw error
  })
  return row && Kept.safeParse(row.request).data?.afterLogout
}
