import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'

interface Said {
  claims?: Record<string, unknown>
  iss?: string
  aud?: string
  life?: number
  kid?: string
}

/** An identity provider that serves discovery and keys over HTTP, and signs what a test wants said. */
export async function aProvider() {
  let pair = await generateKeyPair('ES256')
  let kid = 'first'
  let issuer = ''
  const server = createServer((request, response) => {
    const answer = async () => {
      if (request.url === '/.well-known/openid-configuration') return { issuer, jwks_uri: `${issuer}/keys` }
      return { keys: [{ ...(await exportJWK(pair.publicKey)), kid, alg: 'ES256', use: 'sig' }] }
    }
    void answer().then((body) => response.setHeader('content-type', 'application/json').end(JSON.stringify(body)))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  return {
    issuer,
    /** A token for the client `bir` about alice, unless it says otherwise. */
    sign: ({ claims = {}, iss = issuer, aud = 'bir', life = 300, kid: named = kid }: Said = {}) =>
      new SignJWT({ sub: 'subject-alice', preferred_username: 'alice', name: 'Alice', email: 'alice@bank.example', azp: 'bir', ...claims })
        .setProtectedHeader({ alg: 'ES256', kid: named })
        .setIssuer(iss)
        .setAudience(aud)
        .setIssuedAt()
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
