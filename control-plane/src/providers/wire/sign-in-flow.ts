import * as oidc from 'openid-client'
import { mapClaims } from '../claims/map-claims.ts'
import { wholeClaims } from '../claims/whole-claims.ts'
import type { MappedClaims } from '../claims/mapped-claims.ts'
import type { RawClaims } from '../claims/read-claim.ts'
import type { ConfiguredProvider } from '../setup/configured.ts'
import { ProviderFault } from '../faults/provider-fault.ts'
import type { Connection } from './discover.ts'
import { explainFault } from '../faults/explain-fault.ts'
import { verifySigned } from './verify-signed.ts'

/** What binds a sign-in at a provider to one browser. Each is random, and as long as RFC 7636 wants a verifier. */
export interface Attempt {
  state: string
  nonce: string
  codeVerifier: string
  /** The address that the person typed. */
  loginHint?: string
  /** Asks the provider to have the person sign in again, or as another one. */
  asksSignIn?: boolean
}

export interface ProviderSignIn {
  claims: MappedClaims
  idToken: string
  /** The provider's own session, its claim `sid`. */
  session?: string
}

interface Reached {
  provider: ConfiguredProvider
  connection: Connection
  client: oidc.Configuration
  redirectUri: string
  nowMs: () => number
}

/** `resource` is never sent: Entra ID refuses it, and the gateway wants no token for anything else. */
export async function authorizationUrlOf({ provider, client, redirectUri }: Reached, attempt: Attempt): Promise<URL> {
  const { state, nonce, codeVerifier, loginHint, asksSignIn } = attempt
  const parameters = {
    redirect_uri: redirectUri,
    scope: provider.scopes.join(' '),
    state,
    nonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(codeVerifier),
    code_challenge_method: 'S256',
    ...(loginHint === undefined ? {} : { login_hint: loginHint }),
    ...(asksSignIn ? { prompt: 'login' } : {}),
  }
  try {
    return oidc.buildAuthorizationUrl(client, parameters)
  } catch (error) {
    throw explainFault(provider.handle, error)
  }
}

export async function finishSignIn(reached: Reached, callback: URL, { state, nonce, codeVerifier }: Attempt): Promise<ProviderSignIn> {
  const { provider, connection, client, redirectUri, nowMs } = reached
  const at = new URL(redirectUri)
  at.search = callback.search
  const checks = { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: codeVerifier, idTokenExpected: true }
  const tokens = await oidc.authorizationCodeGrant(client, at, checks).catch((error: unknown) => {
    throw explainFault(provider.handle, error, nowMs())
  })
  const idToken = tokens.id_token ?? ''
  const audience = client.clientMetadata().client_id
  const signed = await verifySigned({ provider, connection, nowMs }, idToken, { audience }).catch((error: unknown) => {
    throw explainFault(provider.handle, error, nowMs())
  })
  const more = await userInfoOf(reached, tokens.access_token, signed.sub ?? '')
  // What is signed goes before what is asked for.
  const claims = mapClaims(provider, wholeClaims(provider, { ...more, ...signed }))
  return { claims, idToken, ...(typeof signed['sid'] === 'string' ? { session: signed['sid'] } : {}) }
}

async function userInfoOf({ provider, connection, client, nowMs }: Reached, accessToken: string, subject: string): Promise<RawClaims> {
  if (!provider.userinfo || connection.metadata.userinfo_endpoint === undefined) return {}
  return oidc.fetchUserInfo(client, accessToken, subject).catch((error: unknown) => {
    if (!(error instanceof oidc.WWWAuthenticateChallengeError) || error.status >= 500) throw explainFault(provider.handle, error, nowMs())
    throw new ProviderFault({
      reason: 'provider-misconfigured',
      whose: 'administrator',
      what: `The identity provider ${provider.handle} does not answer at its address for UserInfo (status ${error.status}).`,
      next: 'An administrator can leave it out: userinfo: false.',
    })
  })
}

interface LogoutOptions {
  idToken: string
  returnTo: string
  state?: string
}

export function logoutUrlOf({ connection, client }: Reached, { idToken, returnTo, state }: LogoutOptions): URL | undefined {
  if (connection.metadata.end_session_endpoint === undefined) return undefined
  const parameters = { id_token_hint: idToken, post_logout_redirect_uri: returnTo, ...(state === undefined ? {} : { state }) }
  return oidc.buildEndSessionUrl(client, parameters)
}
