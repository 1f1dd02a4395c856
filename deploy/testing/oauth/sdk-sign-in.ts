import type { OAuthClientProvider as ModernProvider, OAuthDiscoveryState } from '@modelcontextprotocol/client'
import type { OAuthClientProvider as LegacyProvider } from '@modelcontextprotocol/sdk/client/auth.js'
import type { OAuthClientInformationFull, OAuthTokens } from '@modelcontextprotocol/sdk/shared/auth.js'

/** What both official clients keep of a sign-in, in memory. */
export interface SdkSignIn {
  provider: ModernProvider & LegacyProvider
  /** Where the client has sent the person's browser. */
  sentTo(): URL
  tokens(): OAuthTokens | undefined
  /** The id under which the client is known: registered, or the address of its metadata document. */
  clientId(): string | undefined
}

/**
 * The part of a client that the official SDKs leave to the program. With `documentUrl` the client
 * is known by its metadata document where the authorization server takes such; else it registers itself.
 */
export function sdkSignIn(redirectUrl: string, documentUrl?: string): SdkSignIn {
  let information: OAuthClientInformationFull | undefined
  let tokens: OAuthTokens | undefined
  let verifier = ''
  let discovered: OAuthDiscoveryState | undefined
  let sentTo: URL | undefined
  const provider: ModernProvider & LegacyProvider = {
    redirectUrl,
    ...(documentUrl !== undefined && { clientMetadataUrl: documentUrl }),
    clientMetadata: {
      client_name: 'Official SDK',
      redirect_uris: [redirectUrl],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    },
    clientInformation: () => information,
    saveClientInformation: (saved) => void (information = saved as OAuthClientInformationFull),
    tokens: () => tokens,
    saveTokens: (saved) => void (tokens = saved),
    redirectToAuthorization: (url) => void (sentTo = url),
    saveCodeVerifier: (saved) => void (verifier = saved),
    codeVerifier: () => verifier,
    saveDiscoveryState: (saved: OAuthDiscoveryState) => void (discovered = saved),
    discoveryState: () => discovered,
  }
  return {
    provider,
    sentTo: () => {
      if (!sentTo) throw new Error('The client has sent nobody to sign in.')
      return sentTo
    },
    tokens: () => tokens,
    clientId: () => information?.client_id,
  }
}
