import { oauthError } from '../../base/errors/oauth-error.ts'
import type { OAuthParts } from '../base/parts.ts'
import { targetOf } from '../base/resource.ts'
import type { Target } from '../base/resource.ts'
import { requireParameter } from '../base/form.ts'
import type { GrantType, TokenRequest } from '../grants/grant.ts'
import type { Granted } from '../issue/granted.ts'
import { GRANT_TYPES } from '../grants/index.ts'

/* The stages of the token endpoint (RFC 6749, section 3.2) that no other endpoint has. */

interface Form {
  form: URLSearchParams
}

export const findGrantType = ({ form }: Form): { grantType: GrantType } => {
  const name = requireParameter(form, 'grant_type')
  const grantType = Object.hasOwn(GRANT_TYPES, name) ? GRANT_TYPES[name] : undefined
  if (!grantType) throw oauthError('unsupported_grant_type', 'This grant type is not served here.')
  return { grantType }
}

export const findTarget =
  (parts: OAuthParts) =>
  ({ form }: Form): { target: Target } => ({ target: targetOf(form.getAll('resource'), parts) })

export const runGrant =
  (parts: OAuthParts) =>
  async ({ grantType, ...request }: TokenRequest & { grantType: GrantType }): Promise<{ granted: Granted }> => ({
    granted: await grantType(parts, request),
  })
