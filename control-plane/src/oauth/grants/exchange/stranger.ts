import { OAuthError } from '../../../base/errors/oauth-error.ts'
import type { Holder } from '../../../base/errors/oauth-error.ts'
import { isAnybody } from '../../clients/client.ts'
import type { OAuthClient } from '../../clients/client.ts'

/**
 * Refuses a request that names no client. Whoever finds a token of the gateway could exchange it otherwise, and get one
 * that is bound to the finder.
 */
export function refuseAnybody(client: OAuthClient): void {
  if (!isAnybody(client)) return
  throw new OAuthError('invalid_client', 'Only a known client exchanges a token of this gateway: send client_id, or prove who you are.', {
    reason: 'client-unauthenticated',
  })
}

/**
 * Refuses a client that is neither the one that the token was issued to, nor one that an administrator trusts and that
 * has proved who it is. A client that registered itself has proved only that it did.
 */
export function refuseStranger({ id, kind, authMethod, isApproved }: OAuthClient, holder: string, whose: Holder | undefined): void {
  const isTrusted = kind === 'service' || kind === 'administered' || isApproved
  if (id === holder || (authMethod !== 'none' && isTrusted)) return
  throw new OAuthError(
    'invalid_grant',
    'The token was issued to another client. Only a service account may exchange it, or a client with a secret.',
    { whose },
  )
}
