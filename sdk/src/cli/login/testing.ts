import { standIn } from '../../testing.ts'
import type { Client } from '../../client.ts'

type Me = Awaited<ReturnType<Client['users']['me']>>

export const alice: Me = { handle: 'alice', name: 'Alice', administrator: false, kind: 'person', groups: [] }

interface Told {
  /** What the token endpoint answers, one after the other; the last one again and again. */
  token?: { status?: number; body: object }[]
  device?: object
  metadata?: object
}

/** A stand-in whose authorization server answers as it is told. It collects what came. */
export async function aSignInServer({ token = [], device = {}, metadata = {} }: Told = {}) {
  const forms: Record<'token' | 'device' | 'revoke', URLSearchParams[]> = { token: [], device: [], revoke: [] }
  const bearers: string[] = []
  const server = await standIn(
    { users: { me: (_, bearer) => (bearers.push(bearer), alice) } },
    {
      '/.well-known/oauth-authorization-server': () => ({
        status: 200,
        body: {
          issuer: server.url,
          token_endpoint: `${server.url}/oauth/token`,
          device_authorization_endpoint: `${server.url}/oauth/device`,
          revocation_endpoint: `${server.url}/oauth/revoke`,
          ...metadata,
        },
      }),
      '/oauth/device': (form) => {
        forms.device.push(form)
        const page = `${server.url}/oauth/device`
        const codes = { device_code: 'a-device-code', user_code: 'WDJB-MJHT', verification_uri: page, expires_in: 600, interval: 5 }
        return { status: 200, body: { ...codes, verification_uri_complete: `${page}?user_code=WDJB-MJHT`, ...device } }
      },
      '/oauth/token': (form) => {
        forms.token.push(form)
        const { status = 200, body } = token[Math.min(forms.token.length, token.length) - 1] ?? { status: 500, body: {} }
        return { status, body }
      },
      '/oauth/revoke': (form) => (forms.revoke.push(form), { status: 200, body: {} }),
    },
  )
  return { url: server.url, forms, bearers, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

export const pending = { status: 400, body: { error: 'authorization_pending' } }
export const granted = (token: string, refresh_token?: string, expires_in = 600) => ({
  body: { access_token: token, token_type: 'Bearer', expires_in, ...(refresh_token && { refresh_token }) },
})
