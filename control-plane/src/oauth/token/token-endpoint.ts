import type { GatewaySettings } from '@bir/sdk/contract/settings'
import { OAuthError, oauthError } from '../../base/errors/oauth-error.ts'
import { requireParameter } from '../base/form.ts'
import type { OAuthParts } from '../base/parts.ts'
import { targetOf } from '../base/resource.ts'
import type { Target } from '../base/resource.ts'
import type { Incoming } from '../base/stages.ts'
import { ANYBODY } from '../clients/client.ts'
import type { OAuthClient } from '../clients/client.ts'
import type { GrantType, TokenRequest } from '../grants/grant.ts'
import { GRANT_TYPES } from '../grants/index.ts'
import type { Granted, TokenAnswer } from '../issue/granted.ts'

/* The stages of the endpoints for programs (RFC 6749, section 3.2). */

interface Form {
  form: URLSearchParams
}

interface FoundGrant {
  grantName: string
  grantType: GrantType
  needsClient: boolean
}

export const findGrantType = ({ form }: Form): FoundGrant => {
  const grantName = requireParameter(form, 'grant_type')
  const row = Object.hasOwn(GRANT_TYPES, grantName) ? GRANT_TYPES[grantName] : undefined
  if (!row) throw oauthError('unsupported_grant_type', 'This grant type is not served here.')
  return { grantName, grantType: row.grant, needsClient: row.needsClient }
}

/** Which client asks. It has proven it, if it has anything to prove it with. */
export const authenticateClient =
  (parts: OAuthParts) =>
  async ({ exchange, form, needsClient = true }: Incoming & Form & Partial<FoundGrant>): Promise<{ client: OAuthClient }> => {
    const { request } = exchange
    const namesClient = form.has('client_id') || form.has('client_assertion') || request.headers.authorization !== undefined
    if (!namesClient && !needsClient) return { client: ANYBODY }
    return { client: await parts.authenticateClient(form, request) }
  }

export function checkGrant({ grantName, client, needsClient }: FoundGrant & { client: OAuthClient }): void {
  if (!needsClient || client.grantTypes.includes(grantName)) return
  throw new OAuthError('unauthorized_client', 'This client may not use this grant type: it was not registered for it.')
}

export const findTarget =
  (parts: OAuthParts) =>
  ({ form }: Form): { target: Target } => ({ target: targetOf(form.getAll('resource'), parts) })

/** Read once, so that all of a request is decided by the same. */
export const findSettings =
  ({ settings }: OAuthParts) =>
  async (): Promise<{ settings: GatewaySettings }> => ({ settings: await settings() })

export const runGrant =
  (parts: OAuthParts) =>
  async ({ grantType, ...request }: TokenRequest & { grantType: GrantType }): Promise<{ granted: Granted | { answer: TokenAnswer } }> => ({
    granted: await grantType(parts, request),
  })
