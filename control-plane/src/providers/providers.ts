import type { ProviderState } from '@bir/sdk/contract/provider-state'
import type { ProxyFor } from '@bir/sdk/proxies'
import type { z } from 'zod'
import type { Log } from '../base/log.ts'
import type { Db } from '../policy-rows/types.ts'
import { readClientSecret, readConfigured } from './setup/configured.ts'
import type { ConfiguredProvider, EnvironmentProvider } from './setup/configured.ts'
import { problemOf } from './faults/problem.ts'
import { ProviderFault } from './faults/provider-fault.ts'
import { verifyProviderToken } from './verify-token.ts'
import type { VerifiedToken } from './verify-token.ts'
import { clientOf } from './wire/client.ts'
import { createConnections } from './wire/connections.ts'
import { createProviderFetch } from './wire/provider-fetch.ts'
import { authorizationUrlOf, finishSignIn, logoutUrlOf } from './wire/sign-in-flow.ts'
import type { Attempt, ProviderSignIn } from './wire/sign-in-flow.ts'

export type { Attempt } from './wire/sign-in-flow.ts'

/** The company's identity providers: where people sign in, and who they are. Every fault is a `ProviderFault`. */
export interface Providers {
  /** Those through which people sign in on a page. `domains`: the addresses of their people; empty: not named. */
  list(): Promise<{ handle: string; title: string; domains: readonly string[] }[]>
  /** Where the browser goes to sign in. */
  authorizationUrl(handle: string, attempt: Attempt): Promise<URL>
  /**
   * What the provider says at the callback: state, `iss`, nonce, PKCE and signature are verified. The caller makes sure
   * that this sign-in went to this provider, because not every provider names itself.
   */
  finish(handle: string, callback: URL, attempt: Attempt): Promise<ProviderSignIn>
  /** Verifies a token of any provider; its claim `iss` says of which. `tokenType` is the URN of RFC 8693, section 3. */
  verifyToken(token: string, tokenType: string): Promise<VerifiedToken>
  /** Whether any provider may assert which clients people use here (ID-JAG). */
  takesIdJag(): Promise<boolean>
  /** Where the browser goes to sign out (RP-Initiated Logout 1.0). Undefined when the provider has no such address. */
  logoutUrl(handle: string, options: { idToken: string; returnTo: string; state?: string }): Promise<URL | undefined>
  /** Every provider, and whether it answers now. */
  states(): Promise<z.output<typeof ProviderState>[]>
}

interface ProviderParts {
  db: Db
  environment: EnvironmentProvider | undefined
  /** The folder of the client secrets that the policy names. */
  secretsDir: string | undefined
  /** The gateway's own issuer. */
  issuer: string
  proxyFor: ProxyFor
  log: Log
  nowMs?: () => number
}

export function createProviders({ db, environment, secretsDir, issuer, proxyFor, log, nowMs = Date.now }: ProviderParts): Providers {
  const connectionOf = createConnections(createProviderFetch(proxyFor), nowMs)

  async function all(): Promise<ConfiguredProvider[]> {
    const { providers, unknown } = await readConfigured(db, environment)
    for (const handle of unknown) log('warn', 'provider-of-a-later-version', { provider: handle })
    return providers
  }

  /** What is needed to speak with a provider as its client. */
  async function reach(handle: string) {
    const provider = (await all()).find((each) => each.handle === handle)
    if (provider?.clientId === undefined) throw unknownProvider(handle)
    const secret = await readClientSecret(provider, secretsDir)
    const connection = await connectionOf(provider)
    const redirectUri = `${issuer}/oauth/callback/${handle}`
    return { provider, connection, redirectUri, client: clientOf(provider, provider.clientId, secret, connection, nowMs()), nowMs }
  }

  async function stateOf(provider: ConfiguredProvider): Promise<z.output<typeof ProviderState>> {
    const { handle, title, clientId, domains = [] } = provider
    const state = { handle, title, issuer: provider.issuer, signsIn: clientId !== undefined, domains: [...domains] }
    const from = handle === environment?.handle ? 'settings' : 'policy'
    const redirectUri = `${issuer}/oauth/callback/${handle}`
    try {
      await (clientId === undefined ? connectionOf(provider) : reach(handle))
      return { ...state, from, redirectUri, problem: null }
    } catch (error) {
      if (error instanceof ProviderFault) return { ...state, from, redirectUri, problem: problemOf(error) }
      throw error
    }
  }

  /** What people call the provider: the button that leads there says so. Its handle, while that cannot be read. */
  async function titleOf(handle: string): Promise<string> {
    const providers = await all().catch(() => [])
    return providers.find((provider) => provider.handle === handle)?.title ?? handle
  }

  async function told<T>(handle: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (error instanceof ProviderFault) error.provider = await titleOf(handle)
      if (error instanceof ProviderFault && error.whose !== 'you')
        log('warn', 'provider-fault', { provider: handle, reason: error.reason, what: error.what, detail: error.detail })
      throw error
    }
  }

  return {
    async list() {
      const providers = await all()
      return providers.flatMap(({ handle, title, domains = [], clientId }) => (clientId === undefined ? [] : [{ handle, title, domains }]))
    },
    authorizationUrl: (handle, attempt) => told(handle, async () => authorizationUrlOf(await reach(handle), attempt)),
    finish: (handle, callback, attempt) => told(handle, async () => finishSignIn(await reach(handle), callback, attempt)),
    verifyToken: async (token, tokenType) => verifyProviderToken({ providers: await all(), connectionOf, issuer, nowMs }, token, tokenType),
    takesIdJag: async () => (await all()).some(({ idJag }) => idJag === true),
    logoutUrl: async (handle, options) => logoutUrlOf(await reach(handle), options),
    states: async () => Promise.all((await all()).map(stateOf)),
  }
}

const unknownProvider = (handle: string) =>
  new ProviderFault({
    reason: 'provider-unknown',
    whose: 'administrator',
    what: `Nobody signs in with an identity provider ${handle} here.`,
    next: 'Go back and choose another one, or ask an administrator.',
  })
