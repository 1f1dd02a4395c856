import { ProviderFault } from './provider-fault.ts'

/** An error that the provider answered (RFC 6749, sections 4.1.2.1 and 5.2). */
interface Answered {
  error: string
  error_description?: string | undefined
  status?: number
}

const tryAgain = 'Try again in a moment; if it stays so, tell an administrator.'

/** What such an error means. The words of the provider go to the log alone: a page may not repeat them. */
export function answeredFault(handle: string, { error, error_description: description = '', status = 0 }: Answered): ProviderFault {
  const detail = `${error}: ${description}`.slice(0, 500)
  const code = /^[a-z_]{1,64}$/.test(error) ? error : 'an error without a code'
  const fault = (facts: Pick<ConstructorParameters<typeof ProviderFault>[0], 'reason' | 'whose' | 'what' | 'next'>) =>
    new ProviderFault({ ...facts, detail })
  switch (error) {
    case 'access_denied':
    case 'login_required':
    case 'interaction_required':
    case 'consent_required':
      return fault({
        reason: 'sign-in-denied',
        whose: 'you',
        what: `The sign-in at the identity provider ${handle} was denied or cancelled.`,
        next: 'Sign in again. If you did not cancel it, ask an administrator whether you may use the gateway.',
      })
    case 'invalid_client':
    case 'unauthorized_client':
      return fault({
        reason: 'client-refused',
        whose: 'administrator',
        what: `The identity provider ${handle} does not accept the gateway as its client (${code}).`,
        next: 'An administrator must set the client id and the client secret again: the secret may be wrong or expired.',
      })
    case 'invalid_grant':
      return fault({
        reason: 'sign-in-expired',
        whose: 'you',
        what: `The identity provider ${handle} takes this sign-in no more: it is too old, or was used already.`,
        next: 'Sign in again.',
      })
    case 'invalid_scope':
    case 'invalid_request':
    case 'unsupported_response_type':
    case 'invalid_target':
      return fault({
        reason: 'provider-misconfigured',
        whose: 'administrator',
        what: `The identity provider ${handle} does not take the request of the gateway (${code}).`,
        next: "An administrator must compare the provider's settings of the gateway with the policy: redirect URI, scopes, PKCE.",
      })
    case 'server_error':
    case 'temporarily_unavailable':
      return fault({
        reason: 'provider-failing',
        whose: 'provider',
        what: `The identity provider ${handle} cannot serve sign-ins now (${code}).`,
        next: tryAgain,
      })
    default: {
      const isFailing = status >= 500
      return fault({
        reason: isFailing ? 'provider-failing' : 'provider-misconfigured',
        whose: isFailing ? 'provider' : 'administrator',
        what: `The identity provider ${handle} answered with ${code}.`,
        next: isFailing ? tryAgain : 'Tell an administrator.',
      })
    }
  }
}
