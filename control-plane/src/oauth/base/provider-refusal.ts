import { OAuthError } from '../../base/errors/oauth-error.ts'
import type { OAuthCode } from '../../base/errors/oauth-error.ts'
import { ProviderFault } from '../../providers/faults/provider-fault.ts'

/** A fault of an identity provider, as an OAuth client reads it. Everything else stays as it is. */
export function asOAuthError(error: unknown): unknown {
  return error instanceof ProviderFault ? new OAuthError(codeOf(error), error.message, { reason: error.reason }) : error
}

function codeOf({ reason, whose }: ProviderFault): OAuthCode {
  if (whose === 'provider') return 'temporarily_unavailable'
  return reason === 'sign-in-denied' ? 'access_denied' : 'invalid_grant'
}
