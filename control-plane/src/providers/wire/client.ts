import * as oidc from 'openid-client'
import type { ConfiguredProvider } from '../setup/configured.ts'
import { isEncrypted } from './discover.ts'
import type { Connection } from './discover.ts'
import { TIMEOUT_MS } from './provider-fetch.ts'

/** How far the clock of a provider may be off. */
export const SKEW_S = 30

/** The gateway as a client of the provider. It is cheap to make, so a renewed secret counts at once. */
export function clientOf(
  provider: ConfiguredProvider,
  clientId: string,
  secret: string | undefined,
  { metadata, fetch }: Connection,
  nowMs: number,
): oidc.Configuration {
  const clock = { [oidc.clockTolerance]: SKEW_S, [oidc.clockSkew]: Math.round((nowMs - Date.now()) / 1000) }
  const client = new oidc.Configuration(metadata, clientId, clock, authOf(provider, secret, metadata))
  client.timeout = TIMEOUT_MS / 1000
  client[oidc.customFetch] = fetch
  if (!isEncrypted(provider.issuer)) oidc.allowInsecureRequests(client)
  return client
}

/**
 * In the body, where the provider takes it so: many providers do not undo the encoding that the header needs (RFC 6749,
 * section 2.3.1), and refuse secrets with certain characters. A provider that names no way takes the header.
 */
function authOf({ clientAuth }: ConfiguredProvider, secret: string | undefined, metadata: oidc.ServerMetadata): oidc.ClientAuth {
  if (secret === undefined) return oidc.None()
  const taken = metadata.token_endpoint_auth_methods_supported ?? ['client_secret_basic']
  const way = clientAuth ?? (taken.includes('client_secret_post') ? 'post' : 'basic')
  return way === 'post' ? oidc.ClientSecretPost(secret) : oidc.ClientSecretBasic(secret)
}
