import { createRemoteJWKSet, customFetch } from 'jose'
import type { JWTVerifyGetKey } from 'jose'
import * as oidc from 'openid-client'
import { ProviderFault } from '../faults/provider-fault.ts'
import { explainFault } from '../faults/explain-fault.ts'
import { TIMEOUT_MS } from './provider-fetch.ts'
import type { ProviderFetch } from './provider-fetch.ts'

/** What the provider says of itself (OpenID Connect Discovery 1.0), and its keys. */
export interface Connection {
  metadata: oidc.ServerMetadata
  keys: JWTVerifyGetKey
  fetch: ProviderFetch
}

export interface Issuer {
  /** For sentences. */
  handle: string
  issuer: string
}

/** Reads the provider's documents. Throws a `ProviderFault`. */
export async function discover(provider: Issuer, fetch: ProviderFetch): Promise<Connection> {
  const options: oidc.DiscoveryRequestOptions = {
    [oidc.customFetch]: fetch,
    timeout: TIMEOUT_MS / 1000,
    ...(isEncrypted(provider.issuer) ? {} : { execute: [oidc.allowInsecureRequests] }),
  }
  const found = await oidc.discovery(new URL(provider.issuer), 'unused', undefined, oidc.None(), options).catch((error: unknown) => {
    const said = issuerIn(error)
    throw said === undefined ? explainFault(provider.handle, error) : ofAnother(provider, said)
  })
  const metadata = found.serverMetadata()
  refuseBadDocument(provider, metadata)
  const keys = createRemoteJWKSet(new URL(metadata.jwks_uri ?? ''), {
    [customFetch]: fetch,
    timeoutDuration: TIMEOUT_MS,
    // A key that nobody knows makes us ask again, at most once a second: tokens of strangers do not flood the provider.
    cooldownDuration: 1_000,
  })
  return { metadata, keys, fetch }
}

const endpoints = ['authorization_endpoint', 'token_endpoint', 'jwks_uri', 'userinfo_endpoint', 'end_session_endpoint'] as const

function refuseBadDocument({ handle, issuer }: Issuer, metadata: oidc.ServerMetadata): void {
  // Entra ID names `{tenantid}` for addresses of many tenants: there, anybody could be a person of ours.
  if (metadata.issuer !== issuer) throw ofAnother({ handle, issuer }, metadata.issuer)
  if (metadata.jwks_uri === undefined) throw invalid(handle, 'name no jwks_uri')
  for (const endpoint of endpoints) {
    const url = metadata[endpoint]
    if (url === undefined) continue
    if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) throw invalid(handle, `name a ${endpoint} that is no address of the web`)
    // Whoever is on the way there could put keys of their own in place, and sign in as anybody.
    if (isEncrypted(issuer) && !isEncrypted(url)) throw invalid(handle, `name a ${endpoint} without TLS`)
  }
}

export const isEncrypted = (address: string) => /^https:/i.test(address)

/** The issuer of the documents, if it is why `openid-client` refused them. */
function issuerIn(error: unknown): string | undefined {
  if (!(error instanceof oidc.ClientError) || error.code !== 'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED') return undefined
  const { body } = error.cause as { body?: { issuer?: unknown } }
  return typeof body?.issuer === 'string' ? body.issuer.slice(0, 500) : undefined
}

const ofAnother = ({ handle, issuer }: Issuer, said: string) =>
  new ProviderFault({
    reason: 'provider-misconfigured',
    whose: 'administrator',
    what: `The documents of the identity provider ${handle} are those of the issuer ${said}, and not of ${issuer}.`,
    next: 'An administrator must write the issuer exactly as the provider does, with or without its final slash.',
  })

const invalid = (handle: string, how: string) =>
  new ProviderFault({
    reason: 'provider-invalid',
    whose: 'provider',
    what: `The documents of the identity provider ${handle} ${how}.`,
    next: 'Tell an administrator.',
  })
