import { Client as ModernClient, StreamableHTTPClientTransport as ModernTransport } from '@modelcontextprotocol/client'
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { expect, test } from 'vitest'
import { PUBLIC_URL, testPlane } from '../testing/plane.ts'

const info = { name: 'test', version: '1' }
const redirectUrl = 'http://127.0.0.1:1/callback'

/** What a client of the SDKs needs to sign a person in. The person never comes to a browser here. */
const provider = (token: string | undefined) => ({
  redirectUrl,
  clientMetadata: { redirect_uris: [redirectUrl] },
  clientInformation: () => undefined,
  saveClientInformation: () => undefined,
  tokens: () => (token === undefined ? undefined : { access_token: token, token_type: 'Bearer' }),
  saveTokens: () => undefined,
  redirectToAuthorization: () => undefined,
  saveCodeVerifier: () => undefined,
  codeVerifier: () => '',
})

/** Sends what is meant for the public address to the plane of the test. */
const fetchAt = (url: string) => (input: string | URL | Request, init?: RequestInit) =>
  fetch(String(input instanceof Request ? input.url : input).replace(PUBLIC_URL, url), init)

const connect = {
  'SDK 1.x': (url: string, token: string | undefined) =>
    new LegacyClient(info).connect(
      new LegacyTransport(new URL(`${PUBLIC_URL}/mcp`), { authProvider: provider(token), fetch: fetchAt(url) }),
    ),
  'SDK 2.x': (url: string, token: string | undefined) =>
    new ModernClient(info).connect(
      new ModernTransport(new URL(`${PUBLIC_URL}/mcp`), { authProvider: provider(token), fetch: fetchAt(url) }),
    ),
}

for (const [sdk, open] of Object.entries(connect)) {
  test(`${sdk}, ready to sign a person in, shows the gateway's sentence for a token that is missing, wrong or expired`, async () => {
    await using plane = await testPlane()
    for (const token of [undefined, 'nope', await plane.token({ lateS: 660 })])
      await expect(open(plane.url, token)).rejects.toThrow(/Put a good one into its configuration: `bir connect` prints it\./)
  })
}
