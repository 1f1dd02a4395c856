import { signIn } from '../../../providers/sign-in.ts'
import type { OAuthParts } from '../../base/parts.ts'
import { asOAuthError } from '../../base/provider-refusal.ts'
import type { HeldToken } from './held.ts'

/** Verifies a token of an identity provider. Whose it is has signed in with it. */
export async function providerToken({ providers, ctxOf }: OAuthParts, token: string, tokenType: string): Promise<HeldToken> {
  const { provider, claims, clientId = 'unknown' } = await providers.verifyToken(token, tokenType).catch(refuse)
  const { user, revision } = await signIn(ctxOf(`provider:${provider}`), provider, claims).catch(refuse)
  return { user, revision, clientId }
}

const refuse = (error: unknown) => {
  throw asOAuthError(error)
}
