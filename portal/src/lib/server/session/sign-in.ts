import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { PORTAL_CALLBACK } from '@bir/sdk/portal-key'
import { z } from 'zod'
import type { Config } from '../config.ts'
import type { Cookies } from './cookies.ts'
import { GatewayAway, SessionEnded } from './faults.ts'
import type { SignInFault } from './faults.ts'
import { returnPath } from './return-to.ts'
import type { Seals } from './seal.ts'

interface Parts {
  config: Pick<Config, 'controlUrl' | 'portalUrl' | 'portalClientId'>
  seals: Seals
  cookies: Cookies
  nowMs: () => number
  /** Exchanges the code, and resolves with the `Set-Cookie` of the session. */
  redeem(code: string, verifier: string, redirectUri: string): Promise<string>
}

/** A request of a browser: its header `Cookie`. */
export type CookieHeader = string | null | undefined

interface Wish {
  /** Where the person goes on to. Anything but a path of the portal becomes `/`. */
  returnTo?: string | null | undefined
  /** The language of the gateway's pages, such as `az`. */
  language?: string | undefined
  cookies?: CookieHeader
}

/** How long a person may take. The gateway gives as long. */
const lifeMs = 15 * 60_000

/**
 * What the gateway gives back with the code. `browser` is the hash of a cookie, so that a sign-in ends only in the
 * browser that began it; several may be under way there.
 */
const State = z.object({ verifier: z.string(), returnTo: z.string(), browser: z.string(), at: z.number() })

const hashOf = (text: string) => createHash('sha256').update(text).digest('base64url')
const isSame = (one: string, other: string) => one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other))
const random = () => randomBytes(32).toString('base64url')

/** Signs people in at the gateway: authorization code (OAuth 2.1) with PKCE, `state` and `iss` (RFC 9207). */
export function createSignIn({ config, seals, cookies, nowMs, redeem }: Parts) {
  const { controlUrl, portalUrl, portalClientId } = config
  const redirectUri = portalUrl + PORTAL_CALLBACK

  async function begin({ returnTo, language, cookies: header }: Wish): Promise<{ url: string; cookie: string }> {
    const known = cookies.read(header, 'portal-sign-in')
    const browser = known !== undefined && /^[\w-]{43}$/.test(known) ? known : random()
    const verifier = random()
    const state = await seals.seal('sign-in', { verifier, returnTo: returnPath(returnTo), browser: hashOf(browser), at: nowMs() })
    const query = new URLSearchParams({
      client_id: portalClientId,
      redirect_uri: redirectUri,
      response_type: 'code',
      scope: 'mcp',
      state,
      code_challenge: hashOf(verifier),
      code_challenge_method: 'S256',
      ...(language !== undefined && { ui_locales: language }),
    })
    return { url: `${controlUrl}/oauth/authorize?${query}`, cookie: cookies.set('portal-sign-in', browser, lifeMs / 1000) }
  }

  /** The answer of the gateway, as the browser brought it. */
  async function finish(
    { searchParams: query }: URL,
    header: CookieHeader,
  ): Promise<{ cookie: string; returnTo: string } | { fault: SignInFault; returnTo: string }> {
    if (single(query, 'iss') !== controlUrl) return { fault: { kind: 'foreign' }, returnTo: '/' }
    const state = await stateOf(single(query, 'state'), cookies.read(header, 'portal-sign-in'))
    if (!state) return { fault: { kind: 'stale' }, returnTo: '/' }
    const { verifier } = state
    const returnTo = returnPath(state.returnTo)
    const [error, code] = [single(query, 'error'), single(query, 'code')]
    if (error !== undefined) return { fault: { kind: 'denied', code: error.slice(0, 100) }, returnTo }
    if (code === undefined) return { fault: { kind: 'foreign' }, returnTo }
    try {
      return { cookie: await redeem(code, verifier, redirectUri), returnTo }
    } catch (cause) {
      return { fault: faultOf(cause), returnTo }
    }
  }

  async function stateOf(sealed: string | undefined, browser: string | undefined): Promise<z.infer<typeof State> | undefined> {
    if (sealed === undefined || browser === undefined) return undefined
    const state = await seals.open('sign-in', State, sealed)
    if (!state || !isSame(state.browser, hashOf(browser))) return undefined
    return nowMs() - state.at < lifeMs ? state : undefined
  }

  return { begin, finish }
}

/** A parameter that is sent twice counts as none. */
function single(query: URLSearchParams, name: string): string | undefined {
  const [value, ...others] = query.getAll(name)
  return others.length > 0 || !value ? undefined : value
}

function faultOf(cause: unknown): SignInFault {
  if (cause instanceof SessionEnded) return { kind: 'stale' }
  if (cause instanceof GatewayAway) return { kind: 'away', reason: cause.reason }
  throw cause
}
