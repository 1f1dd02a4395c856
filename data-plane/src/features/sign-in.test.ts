import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Client as ModernClient, StreamableHTTPClientTransport as ModernTransport } from '@modelcontextprotocol/client'
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { expect, test } from 'vitest'
import { PUBLIC_URL, testPlane } from '../testing/plane.ts'
import { ISSUER } from '../testing/policy.ts'

const info = { name: 'test', version: '1' }
const redirectUrl = 'http://127.0.0.1:1/callback'

/** What a client of the SDKs needs to sign a person in. `opened` is what its browser would be sent to. */
const provider = (token: string | undefined, opened: URL[]) => ({
  redirectUrl,
  clientMetadata: { redirect_uris: [redirectUrl] },
  clientInformation: () => ({ client_id: 'a-client', issuer: ISSUER }),
  saveClientInformation: () => undefined,
  tokens: () => (token === undefined ? undefined : { access_token: token, token_type: 'Bearer', issuer: ISSUER }),
  saveTokens: () => undefined,
  redirectToAuthorization: (url: URL) => void opened.push(url),
  saveCodeVerifier: () => undefined,
  codeVerifier: () => '',
})

/** An authorization server of which only the document is asked. */
async function anAuthorizationServer() {
  const document = {
    issuer: ISSUER,
    authorization_endpoint: `${ISSUER}/oauth/authorize`,
    token_endpoint: `${ISSUER}/oauth/token`,
    response_types_supported: ['code'],
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: ['none'],
  }
  const server = createServer(({ url }, response) =>
    response
      .writeHead(url === '/.well-known/oauth-authorization-server' ? 200 : 404, { 'content-type': 'application/json' })
      .end(JSON.stringify(document)),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { url, [Symbol.asyncDispose]: () => new Promise<void>((resolve) => void server.close(() => resolve())) }
}

/** Sends what is meant for the public addresses to the servers of the test. */
const fetchAt = (plane: string, issuer: string) => (input: string | URL | Request, init?: RequestInit) =>
  fetch(
    String(input instanceof Request ? input.url : input)
      .replace(PUBLIC_URL, plane)
      .replace(ISSUER, issuer),
    init,
  )

type Options = ConstructorParameters<typeof ModernTransport>[1] & ConstructorParameters<typeof LegacyTransport>[1]

const connect = {
  'SDK 1.x': (options: Options) => new LegacyClient(info).connect(new LegacyTransport(new URL(`${PUBLIC_URL}/mcp/things`), options)),
  'SDK 2.x': (options: Options) => new ModernClient(info).connect(new ModernTransport(new URL(`${PUBLIC_URL}/mcp/things`), options)),
}

for (const [sdk, open] of Object.entries(connect)) {
  test(`${sdk}, whose token is missing, wrong or expired, sends the person to the control plane, for this resource`, async () => {
    await using plane = await testPlane()
    await using issuer = await anAuthorizationServer()
    for (const token of [undefined, 'nope', await plane.token({ lateS: 660 })]) {
      const opened: URL[] = []
      const authProvider = provider(token, opened)
      await expect(open({ authProvider, fetch: fetchAt(plane.url, issuer.url) })).rejects.toThrow(/unauthorized/i)
      expect(opened.map(({ origin, pathname }) => origin + pathname)).toEqual([`${ISSUER}/oauth/authorize`])
      expect(Object.fromEntries(opened[0]?.searchParams ?? [])).toMatchObject({
        resource: `${PUBLIC_URL}/mcp/things`,
        scope: 'mcp',
        code_challenge_method: 'S256',
      })
    }
  })
}

test.for(['oauth-authorization-server', 'openid-configuration', 'oauth-authorization-server/mcp/things'])(
  'a client that takes the plane for the authorization server is led from /.well-known/%s to the document',
  async (path) => {
    await using plane = await testPlane()
    const response = await fetch(`${plane.url}/.well-known/${path}`, { redirect: 'manual' })
    expect(response.status).toBe(307)
    expect(response.headers.get('location')).toBe(`${ISSUER}/.well-known/${path.split('/')[0]}`)
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
  },
)
