import { hostInUrl, LOOPBACK_HOSTS } from '@bir/sdk/contract/loopback'
import type { ClientMetadata } from 'oidc-provider'

/** The client that the gateway's control plane is, to the demo provider. */
export const GATEWAY_CLIENT_ID = 'bir-gateway'

/** For programs on this machine. It has no secret, so its tokens come to loopback addresses alone. */
export const publicClient: ClientMetadata = {
  client_id: 'bir',
  client_name: 'Bir MCP',
  application_type: 'native',
  token_endpoint_auth_method: 'none',
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  redirect_uris: LOOPBACK_HOSTS.map((host) => `http://${hostInUrl(host)}/callback`),
  id_token_signed_response_alg: 'ES256',
}

/**
 * The gateway itself: people whom it sends here come back to its
 * callback and, once they have signed out, to the page that says so.
 */
export const gatewayClient = (gatewayUrl: string, secret: string): ClientMetadata => ({
  client_id: GATEWAY_CLIENT_ID,
  client_secret: secret,
  client_name: 'Bir MCP gateway',
  application_type: 'web',
  token_endpoint_auth_method: 'client_secret_basic',
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  redirect_uris: [`${gatewayUrl}/oauth/callback/demo`],
  post_logout_redirect_uris: [`${gatewayUrl}/oauth/logout`],
  id_token_signed_response_alg: 'ES256',
})
