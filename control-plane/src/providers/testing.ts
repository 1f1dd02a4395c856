import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair } from 'jose'
import { Provider } from 'oidc-provider'
import type { Adapter, AdapterPayload, Configuration } from 'oidc-provider'

/** The gateway's client at the provider of tests. */
export const CLIENT_ID = 'gateway'
export const CLIENT_SECRET = 'the-secret-of-the-gateway'

type Claims = Record<string, unknown>

const alice: Claims = { preferred_username: 'alice', name: 'Alice', email: 'alice@bank.example', email_verified: true }

interface Options {
  /** Where the provider may send browsers back to: `<issuer of the gateway>/oauth/callback/<handle>`. */
  redirectUri?: string
  /** Where they may be sent after a logout. */
  logoutUri?: string
  /** People by subject. */
  people?: Record<string, Claims>
  /** How the client's secret comes. `none`: a public client. */
  clientAuth?: 'client_secret_basic' | 'client_secret_post' | 'none'
  /** The id token says no more than the subject; the rest is at UserInfo. */
  isThin?: boolean
}

/** Gives false where the provider itself answers. */
type Answer = (request: IncomingMessage, response: ServerResponse) => unknown

/** Of every kind of claim that a test gives somebody. */
const claimNames = [
  ...Object.keys(alice),
  'groups',
  'roles',
  'hd',
  'nickname',
  'upn',
  'groups_direct',
  '_claim_names',
  '_claim_sources',
  'realm_access',
]

/**
 * A foreign identity provider (`oidc-provider`) in this process. Its people sign in without a page, and a test may make
 * it fail: `answerWith` takes over its answers until it is called without an argument.
 */
export async function aProvider({
  redirectUri = 'http://127.0.0.1:8081/oauth/callback/corp',
  logoutUri = 'http://127.0.0.1:8081/oauth/logout',
  people = { 'subject-alice': alice },
  clientAuth = 'client_secret_basic',
  isThin = false,
}: Options = {}) {
  let instance: Provider | undefined
  let broken: Answer | undefined
  const asked: string[] = []
  const stored = new Map<string, AdapterPayload>()
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    if (broken && broken(request, response) !== false) return
    const finish = instance && answerOf(instance, request, response)
    finish?.catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  await turnKeys()

  async function turnKeys(): Promise<void> {
    const { privateKey } = await generateKeyPair('ES256', { extractable: true })
    const configuration: Configuration = {
      adapter: (model) => storeOf(stored, model),
      clients: [
        {
          client_id: CLIENT_ID,
          ...(clientAuth === 'none' ? {} : { client_secret: CLIENT_SECRET }),
          token_endpoint_auth_method: clientAuth,
          redirect_uris: [redirectUri],
          post_logout_redirect_uris: [logoutUri],
          id_token_signed_response_alg: 'ES256',
        },
      ],
      clientAuthMethods: [clientAuth],
      jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: 'ES256', use: 'sig' }] },
      cookies: { keys: ['of a test'] },
      claims: { openid: ['sub'], profile: claimNames },
      scopes: ['openid', 'profile', 'email'],
      conformIdTokenClaims: isThin,
      features: { devInteractions: { enabled: false }, rpInitiatedLogout: { enabled: true } },
      findAccount: (_ctx, subject) => ({ accountId: subject, claims: () => ({ sub: subject, ...people[subject] }) }),
      loadExistingGrant: async (ctx) => {
        const grant = new ctx.oidc.provider.Grant({ clientId: CLIENT_ID, accountId: ctx.oidc.session?.accountId ?? '' })
        grant.addOIDCScope('openid profile email')
        await grant.save()
        return grant
      },
      ttl: { Interaction: 600, Grant: 600, Session: 600, AccessToken: 600, IdToken: 600, AuthorizationCode: 60 },
      interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
    }
    instance = new Provider(issuer, configuration)
  }

  return {
    issuer,
    people,
    /** The paths that were asked for. */
    asked,
    /** Signs with a new key from now on, and knows the old one no more. */
    turnKeys,
    answerWith(answer?: Answer) {
      broken = answer
    },
    /** Signs somebody in where the gateway sent the browser. Resolves with the address at which it comes back. */
    signIn: (url: URL | string, subject = 'subject-alice') => follow(new URL(url), `as=${encodeURIComponent(subject)}`, issuer),
    /** The person clicks on Cancel. */
    deny: (url: URL | string) => follow(new URL(url), 'deny=1', issuer),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function storeOf(stored: Map<string, AdapterPayload>, model: string): Adapter {
  const keyOf = (id: string) => `${model} ${id}`
  const search = (matches: (payload: AdapterPayload) => boolean) =>
    [...stored].find(([key, payload]) => key.startsWith(keyOf('')) && matches(payload))?.[1]
  return {
    upsert: async (id, payload) => void stored.set(keyOf(id), payload),
    find: async (id) => stored.get(keyOf(id)),
    findByUid: async (uid) => search((payload) => payload.uid === uid),
    findByUserCode: async (userCode) => search((payload) => payload.userCode === userCode),
    consume: async (id) => void Object.assign(stored.get(keyOf(id)) ?? {}, { consumed: Math.floor(Date.now() / 1000) }),
    destroy: async (id) => void stored.delete(keyOf(id)),
    async revokeByGrantId(grantId) {
      for (const [key, payload] of stored) if (payload.grantId === grantId) stored.delete(key)
    },
  }
}

/** The provider itself, and the page of its sign-in, which asks nothing: the address says who it is. */
async function answerOf(provider: Provider, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '/', provider.issuer)
  if (!pathname.startsWith('/interaction/')) return provider.callback()(request, response)
  const denied = { error: 'access_denied', error_description: 'End-User aborted interaction' }
  const result = searchParams.has('deny') ? denied : { login: { accountId: searchParams.get('as') ?? '' }, consent: {} }
  return provider.interactionFinished(request, response, result, { mergeWithLastSubmission: true })
}

/** Goes from redirect to redirect as a browser does, with its cookies, until one leaves the provider. */
async function follow(start: URL, who: string, issuer: string): Promise<URL> {
  const cookies = new Map<string, string>()
  let at = start
  let form: URLSearchParams | undefined
  for (let steps = 0; steps < 10; steps++) {
    if (at.origin !== issuer) return at
    if (at.pathname.startsWith('/interaction/')) at.search = who
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(at, { redirect: 'manual', headers: { cookie }, ...(form && { method: 'POST', body: form }) })
    form = undefined
    for (const text of response.headers.getSetCookie()) {
      const [name = '', value = ''] = (text.split(';')[0] ?? '').split(/=(.*)/s)
      cookies.set(name, value)
    }
    const location = response.headers.get('location')
    if (location === null) {
      const html = await response.text()
      const [, action = '', xsrf = ''] = /action="([^"]+)">\s*<input type="hidden" name="xsrf" value="([^"]+)"/.exec(html) ?? []
      if (action === '') throw new Error(`the provider answered with a page: ${response.status} ${html}`)
      // The provider asks whether to sign out there too.
      form = new URLSearchParams({ xsrf, logout: 'yes' })
      at = new URL(action, at)
      continue
    }
    at = new URL(location, at)
  }
  throw new Error('the provider redirects without end')
}
