import { hostInUrl, LOOPBACK_HOSTS } from '@bir/sdk/contract/loopback'
import { Provider } from 'oidc-provider'
import type { Configuration } from 'oidc-provider'
import type { Keys } from './keys.ts'
import { errorPage } from './pages.ts'
import { Memory } from './memory.ts'
import { emailOf } from './people.ts'
import type { Person } from './people.ts'

/** The only resource (RFC 8707). Access tokens of the provider are for the gateway's control plane. */
const gateway = 'urn:bir:gateway'
const redirectUris = LOOPBACK_HOSTS.map((host) => `http://${hostInUrl(host)}/callback`)

/** A real OpenID provider for the demo people: authorization code with PKCE alone, ES256, JWT access tokens. */
export function createProvider(issuer: string, keys: Keys, find: (handle: string) => Person | undefined): Provider {
  const configuration: Configuration = {
    adapter: Memory,
    clients: [
      {
        client_id: 'bir',
        client_name: 'Bir MCP',
        application_type: 'native',
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        redirect_uris: redirectUris,
        id_token_signed_response_alg: 'ES256',
      },
    ],
    jwks: { keys: [{ ...keys.signing, alg: 'ES256', use: 'sig' }] },
    cookies: { keys: keys.cookies },
    pkce: { required: () => true },
    scopes: ['openid', 'offline_access', 'profile', 'email', 'groups'],
    claims: {
      openid: ['sub'],
      profile: ['name', 'preferred_username'],
      email: ['email', 'email_verified'],
      groups: ['groups', 'roles'],
    },
    conformIdTokenClaims: false,
    responseTypes: ['code'],
    features: {
      devInteractions: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => gateway,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({ scope: '', audience: 'bir', accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } } }),
      },
    },
    extraTokenClaims: (_ctx, token) => {
      const person = 'accountId' in token && typeof token.accountId === 'string' ? find(token.accountId) : undefined
      return person ? claimsOf(person) : undefined
    },
    findAccount: (_ctx, id) => {
      const person = find(id)
      return person && { accountId: id, claims: () => ({ sub: id, ...claimsOf(person) }) }
    },
    // The only client is the gateway's own command and portal, so signing in counts as consent.
    loadExistingGrant: async (ctx) => {
      const grant = new ctx.oidc.provider.Grant({
        clientId: ctx.oidc.client?.clientId ?? '',
        accountId: ctx.oidc.session?.accountId ?? '',
      })
      grant.addOIDCScope('openid offline_access profile email groups')
      await grant.save()
      return grant
    },
    issueRefreshToken: () => true,
    interactions: { url: (_ctx, interaction) => `/login/${interaction.uid}` },
    renderError: (ctx, { error, error_description: detail }) => {
      ctx.type = 'html'
      ctx.body = errorPage(detail ?? error)
    },
    ttl: { AccessToken: 600, AuthorizationCode: 60, IdToken: 3600, Interaction: 900, Session: 43_200, Grant: 43_200, RefreshToken: 43_200 },
  }
  return new Provider(issuer, configuration)
}

function claimsOf(person: Person) {
  return {
    preferred_username: person.handle,
    name: person.name,
    email: emailOf(person),
    email_verified: true,
    groups: person.groups,
    roles: person.roles,
  }
}
