import { decodeJwt } from 'jose'
import { z } from 'zod'
import type { Config } from '../config.ts'
import { createAccessTokens } from './access-tokens.ts'
import { createCookies } from './cookies.ts'
import { GatewayAway } from './faults.ts'
import { createSeals } from './seal.ts'
import { createSignIn } from './sign-in.ts'
import type { CookieHeader } from './sign-in.ts'
import { createTokenEndpoint } from './token-endpoint.ts'

/** What the cookie of a session says. `handle` is worth nothing without the key of the portal. */
const Contents = z.object({ handle: z.string().min(1), sid: z.string().min(1), at: z.number() })

/** No session of the gateway lasts longer than a year. */
const maxAgeMs = 366 * 24 * 3_600_000

/** The session of a person at the portal, and so at the gateway: its row there says whether it goes on. */
export interface Session {
  /** The session of the gateway, as `sessions.list` names it. */
  sid: string
  /**
   * An access token of the person, for the API of the control plane or for the resource named. It must not leave the
   * server. Throws `SessionEnded` where the person must sign in again, and `GatewayAway` where nobody can tell.
   */
  token(resource?: string): Promise<string>
  /** The gateway refused a token: the next is fetched, which says whether the session goes on. */
  refused(token: string, resource?: string): Promise<void>
}

type SessionConfig = Pick<Config, 'controlUrl' | 'portalUrl' | 'portalKey' | 'portalClientId'>

/** The sessions of the people at this portal. */
export function createSessions(config: SessionConfig, { nowMs = Date.now }: { nowMs?: () => number } = {}) {
  const { controlUrl, portalUrl, portalClientId } = config
  const [seals, cookies, endpoint] = [createSeals(config.portalKey), createCookies(portalUrl), createTokenEndpoint(config)]
  const tokens = createAccessTokens({ endpoint, nowMs })
  const api = `${controlUrl}/api`

  async function redeem(code: string, verifier: string, redirectUri: string): Promise<string> {
    const answer = await endpoint.redeem(code, verifier, redirectUri)
    const { refresh_token: handle } = answer
    const { sid, aud } = decodeJwt(answer.access_token)
    if (handle === undefined || typeof sid !== 'string' || typeof aud !== 'string')
      throw new GatewayAway('the client is no portal: make it with "portal"')
    tokens.put(handle, aud, answer)
    return cookies.set('portal', await seals.seal('session', { handle, sid, at: nowMs() }))
  }
  const signIn = createSignIn({ config, seals, cookies, nowMs, redeem })

  async function contentsOf(header: CookieHeader): Promise<z.infer<typeof Contents> | undefined> {
    const value = cookies.read(header, 'portal')
    const contents = value === undefined ? undefined : await seals.open('session', Contents, value)
    return contents && nowMs() - contents.at < maxAgeMs ? contents : undefined
  }

  return {
    /** Where the browser goes to sign in, and the `Set-Cookie` that it keeps meanwhile. */
    beginSignIn: signIn.begin,
    /** The `Set-Cookie` of the session, and where the person goes on; or why it came to nothing. */
    async finishSignIn(url: URL, header: CookieHeader) {
      const before = await contentsOf(header)
      const finished = await signIn.finish(url, header)
      // As at the gateway: each sign-in has a session of its own, and ends the one that the browser had.
      if ('cookie' in finished && before) await end(before.handle).catch(() => undefined)
      return finished
    },
    /** Undefined: nobody is signed in in this browser. Whether the session goes on, its tokens say. */
    async openSession(header: CookieHeader): Promise<Session | undefined> {
      const contents = await contentsOf(header)
      if (!contents) return undefined
      const { handle, sid } = contents
      return {
        sid,
        token: (resource = api) => tokens.get(handle, resource),
        refused: (token, resource = api) => tokens.refused(handle, resource, token),
      }
    },
    /**
     * Signs out: ends the session at the gateway, and with it everywhere. `url` is where the browser goes on: the
     * gateway asks whether to sign out there too, and leads back. Where the gateway is away, the browser forgets its
     * cookie all the same, and `isEnded` is false: the session may go on until its time is over.
     */
    async endSession(header: CookieHeader): Promise<{ cookie: string; url: string; isEnded: boolean }> {
      const contents = await contentsOf(header)
      const isEnded = contents === undefined || (await end(contents.handle))
      const query = new URLSearchParams({ client_id: portalClientId, post_logout_redirect_uri: `${portalUrl}/` })
      return { cookie: cookies.remove('portal'), url: `${controlUrl}/oauth/logout?${query}`, isEnded }
    },
    /** The `Set-Cookie` by which a browser forgets a session that has ended. */
    forgetSession: (): string => cookies.remove('portal'),
  }

  async function end(handle: string): Promise<boolean> {
    tokens.forget(handle)
    try {
      await endpoint.revoke(handle)
      return true
    } catch (error) {
      if (error instanceof GatewayAway) return false
      throw error
    }
  }
}
