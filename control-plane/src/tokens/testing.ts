import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { decodeJwt, exportJWK, generateKeyPair, SignJWT } from 'jose'
import { aRunningControlPlane } from '../internal/testing.ts'
import type { TestControlPlane } from '../internal/testing.ts'

interface Said {
  claims?: Record<string, unknown>
  iss?: string
  aud?: string
  life?: number
  kid?: string
  typ?: string
  iatMs?: number
}

/** An identity provider that serves discovery and keys over HTTP, and signs tokens for a test. */
export async function aProvider() {
  let pair = await generateKeyPair('ES256')
  let kid = 'first'
  let issuer = ''
  const server = createServer((request, response) => {
    const answer = async () => {
      if (request.url === '/.well-known/openid-configuration') return { issuer, jwks_uri: `${issuer}/keys` }
      return { keys: [{ ...(await exportJWK(pair.publicKey)), kid, alg: 'ES256', use: 'sig' }] }
    }
    answer().then(
      (body) => response.setHeader('content-type', 'application/json').end(JSON.stringify(body)),
      () => response.destroy(),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  return {
    issuer,
    /** A token about alice for the client `bir`, unless the test passes other values. */
    sign: ({ claims = {}, iss = issuer, aud = 'bir', life = 300, kid: named = kid, typ, iatMs = Date.now() }: Said = {}) =>
      new SignJWT({ sub: 'subject-alice', preferred_username: 'alice', name: 'Alice', email: 'alice@bank.example', azp: 'bir', ...claims })
        .setProtectedHeader({ alg: 'ES256', kid: named, ...(typ === undefined ? {} : { typ }) })
        .setIssuer(iss)
        .setAudience(aud)
        .setIssuedAt(Math.floor(iatMs / 1000))
        .setExpirationTime(Math.floor(Date.now() / 1000) + life)
        .sign(pair.privateKey),
    async turnKeys() {
      pair = await generateKeyPair('ES256')
      kid = 'second'
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

export const exchange = (subject_token: string, more: Record<string, string> = {}) => ({
  grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
  subject_token,
  subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
  ...more,
})
export const bearer = (assertion: string, more: Record<string, string> = {}) => ({
  grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
  assertion,
  ...more,
})

interface TokenAnswer {
  access_token: string
  error: string
  error_description: string
}

export async function asked(control: TestControlPlane, form: Record<string, string>, init: RequestInit = {}) {
  const response = await control.token(form, init)
  const body = (await response.json()) as TokenAnswer
  return { status: response.status, headers: response.headers, body, claims: body.access_token ? decodeJwt(body.access_token) : {} }
}

/** A control plane and its identity provider. */
export async function aGateway() {
  const idp = await aProvider()
  const control = await aRunningControlPlane({ IDP_ISSUER: idp.issuer })
  const dispose = async () => {
    await control[Symbol.asyncDispose]()
    await idp[Symbol.asyncDispose]()
  }
  return { idp, control, [Symbol.asyncDispose]: dispose }
}
