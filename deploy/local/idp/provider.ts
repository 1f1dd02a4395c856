import type { Page } from '@bir/control-plane/pages/kit/page'
import { Provider } from 'oidc-provider'
import type { ClientMetadata, Configuration, KoaContextWithOIDC } from 'oidc-provider'
import { GATEWAY_CLIENT_ID } from './clients.ts'
import type { Keys } from './keys.ts'
import { errorPage, signedOutPage, signOutPage } from './pages.ts'
import { Memory } from './memory.ts'
import { emailOf } from './people.ts'
import type { Person } from './people.ts'

/** The only resource (RFC 8707). Access tokens of the provider are for the gateway's control plane. */
const gateway = 'urn:bir:gateway'

interface Parts {
  keys: Keys
  clients: ClientMetadata[]
  find(handle: string): Person | undefined
}

/** A real OpenID provider for the demo people: authorization code with PKCE alone, ES256, JWT access tokens. */
export function createProvider(issuer: string, { keys, clients, find }: Parts): Provider {
  const configuration: Configuration = {
    adapter: Memory,
    clients,
    clientAuthMethods: ['none', 'client_secret_basic'],
    jwks: { keys: [{ ...keys.signing, alg: 'ES256', use: 'sig' }] },
    cookies: { keys: keys.cookies },
    pkce: { required: () => true },
    scopes: ['openid', 'offline_access', 'profile', 'email', 'groups'],
    claims: {
      openid: ['sub'],
      profile: ['name', 'preferred_username', 'groups', 'roles'],
      email: ['email', 'email_verified'],
      groups: ['groups', 'roles'],
    },
    conformIdTokenClaims: false,
    responseTypes: ['code'],
    features: {
      devInteractions: { enabled: false },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx, form) => {
          show(ctx, signOutPage(form, ctx.oidc.session?.accountId ?? ''))
        },
        postLogoutSuccessSource: (ctx) => {
          show(ctx, signedOutPage())
        },
      },
      resourceIndicators: {
        enabled: true,
        // The gateway's own client only asks who somebody is: a token without a resource opens UserInfo.
        defaultResource: (_ctx, client) => (client?.clientId === GATEWAY_CLIENT_ID ? [] : gateway),
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
    // The only clients are the gateway's own, so signing in counts as consent.
    loadExistingGrant: async (ctx) => {
      // A grant of its own for each sign-in would make the code of another tab worthless.
      const known = ctx.oidc.session?.grantIdFor(ctx.oidc.client?.clientId ?? '')
      const existing = known && (await ctx.oidc.provider.Grant.find(known))
      if (existing) return existing
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
      show(ctx, errorPage(detail ?? error))
    },
    ttl: { AccessToken: 600, AuthorizationCode: 60, IdToken: 3600, Interaction: 900, Session: 43_200, Grant: 43_200, RefreshToken: 43_200 },
  }
  return new Provider(issuer, configuration)
}

/** oidc-provider sets the status itself. */
function show(ctx: KoaContextWithOIDC, { headers, body }: Page): void {
  ctx.set(headers)
  ctx.body = body
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
