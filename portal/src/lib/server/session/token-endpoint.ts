import { randomUUID } from 'node:crypto'
import type { PortalKey } from '@bir/sdk/portal-key'
import { importJWK, SignJWT } from 'jose'
import { z } from 'zod'
import type { Config } from '../config.ts'
import { GatewayAway, SessionEnded } from './faults.ts'

/** What the portal calls itself to the gateway: tokens may be bound to it. */
export const USER_AGENT = 'bir-portal'

const limitMs = 15_000
const assertionLifeS = 60
const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

const Answer = z.object({ access_token: z.string(), expires_in: z.number(), refresh_token: z.string().optional() })
type Answer = z.infer<typeof Answer>
const Refusal = z.object({ error: z.string(), error_description: z.string().optional() })

export interface TokenEndpoint {
  /** Exchanges a code. Throws `SessionEnded` for one that is good no more. */
  redeem(code: string, verifier: string, redirectUri: string): Promise<Answer>
  /** Gives an access token of the session. Throws `SessionEnded`. */
  renew(handle: string, resource: string): Promise<Answer>
  /** Ends the session. One that has ended already is no fault. */
  revoke(handle: string): Promise<void>
}

type Parts = Pick<Config, 'controlUrl' | 'portalKey' | 'portalClientId'>

/** The portal as a client of the gateway's authorization server, by `private_key_jwt`. Throws `GatewayAway`. */
export function createTokenEndpoint({ controlUrl, portalKey, portalClientId: clientId }: Parts): TokenEndpoint {
  const privateKey = importJWK(keyOf(portalKey), 'ES256')
  privateKey.catch(() => undefined)

  async function assertion(): Promise<string> {
    const claims = { iss: clientId, sub: clientId, aud: controlUrl, jti: randomUUID() }
    const jwt = new SignJWT(claims).setProtectedHeader({ alg: 'ES256', typ: 'client-authentication+jwt' }).setIssuedAt()
    return jwt.setExpirationTime(`${assertionLifeS}s`).sign(await privateKey)
  }

  async function post(path: string, form: Record<string, string>): Promise<Response> {
    const body = new URLSearchParams({ ...form, client_assertion_type: assertionType, client_assertion: await assertion() })
    const init = {
      method: 'POST',
      body,
      headers: { 'user-agent': USER_AGENT },
      redirect: 'error',
      signal: AbortSignal.timeout(limitMs),
    } as const
    return fetch(controlUrl + path, init).catch((cause: unknown) => {
      throw new GatewayAway(`${controlUrl} does not answer`, { cause })
    })
  }

  async function ask(form: Record<string, string>): Promise<Answer> {
    const response = await post('/oauth/token', form)
    const body: unknown = await response.json().catch(() => undefined)
    const answer = Answer.safeParse(body)
    if (response.ok && answer.success) return answer.data
    throw faultOf(response.status, body)
  }

  return {
    redeem: (code, code_verifier, redirect_uri) => ask({ grant_type: 'authorization_code', code, code_verifier, redirect_uri }),
    renew(handle, resource) {
      const form = { grant_type: 'refresh_token', refresh_token: handle, resource }
      // A connection that was closed meanwhile is no sign that the gateway is away, and a handle may be used again.
      return ask(form).catch((error: unknown) => {
        if (error instanceof GatewayAway && error.cause !== undefined) return ask(form)
        throw error
      })
    },
    async revoke(handle) {
      const response = await post('/oauth/revoke', { token: handle, token_type_hint: 'refresh_token' })
      if (!response.ok) throw faultOf(response.status, await response.json().catch(() => undefined))
    },
  }
}

/** Without the id of the key, by which nobody looks it up. */
const keyOf = ({ kty, crv, x, y, d }: PortalKey) => ({ kty, crv, x, y, d })

/** Only `invalid_grant` says something of the session. Anything else is between the portal and the gateway. */
function faultOf(status: number, body: unknown): Error {
  const { error, error_description: text } = Refusal.safeParse(body).data ?? {}
  if (error === 'invalid_grant') return new SessionEnded()
  return new GatewayAway(`the token endpoint answered ${status}${error === undefined ? '' : `, ${error}: ${text ?? ''}`}`)
}
