import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@bir/sdk'
import { Client, StreamableHTTPClientTransport, UnauthorizedError } from '@modelcontextprotocol/client'
import { UnauthorizedError as LegacyUnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js'
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bootGateway } from '../../testing/boot-gateway.ts'
import type { Gateway } from '../../testing/boot-gateway.ts'
import { ScriptedBrowser } from '../../testing/browser/scripted-browser.ts'
import { dance } from '../../testing/browser/sign-in.ts'
import { FlowClient } from '../../testing/oauth/flow-client.ts'
import { sdkSignIn } from '../../testing/oauth/sdk-sign-in.ts'
import type { SdkSignIn } from '../../testing/oauth/sdk-sign-in.ts'
import { serveMetadataDocument } from './metadata-document.ts'
import type { MetadataDocument } from './metadata-document.ts'

/** People sign in with clients that know the address of `/mcp` alone. The browser is scripted, the rest real. */

const redirectUri = 'http://127.0.0.1:49155/callback'
const info = { name: 'e2e', version: '1.0.0' }
const scratch = mkdtempSync(join(tmpdir(), 'bir-sign-in-'))
let gateway: Gateway
let document: MetadataDocument

beforeAll(async () => {
  document = await serveMetadataDocument('Described client', [redirectUri])
  const authorities = join(scratch, 'authorities.pem')
  writeFileSync(authorities, document.certificate)
  gateway = await bootGateway({ env: { NODE_EXTRA_CA_CERTS: authorities } })
})
afterAll(async () => {
  await gateway.stop()
  await document[Symbol.asyncDispose]()
  rmSync(scratch, { recursive: true })
})

const newBrowser = () => new ScriptedBrowser({ stopsAt: (url) => url.href.startsWith(redirectUri) })
const bob = () => ({ handle: 'bob', password: gateway.password('bob') })
const api = () => createClient({ url: gateway.endpoints.control, token: () => gateway.operatorToken() })

/** An SDK client 2.x that connects. */
function connect({ provider: authProvider }: SdkSignIn) {
  const transport = new StreamableHTTPClientTransport(new URL(gateway.endpoints.mcp), { authProvider })
  const client = new Client(info, { versionNegotiation: { mode: 'auto' } })
  return { client, transport, connected: client.connect(transport) }
}

/** Bob signs in and consents where the client has sent him, and the client calls a tool as bob. */
async function callAsBob(signIn: SdkSignIn, transport: StreamableHTTPClientTransport): Promise<void> {
  const callback = await dance(newBrowser(), signIn.sentTo(), bob())
  await transport.finishAuth(callback.url.searchParams)
  const { client, connected } = connect(signIn)
  await connected
  expect(JSON.stringify(await client.callTool({ name: 'meta_whoami', arguments: {} }))).toContain('bob')
  await client.close()
}

test('an SDK client 1.x registers itself, bob signs in and consents, and it calls a tool as bob', async () => {
  const signIn = sdkSignIn(redirectUri)
  const connect = async () => {
    const transport = new LegacyTransport(new URL(gateway.endpoints.mcp), { authProvider: signIn.provider })
    const client = new LegacyClient(info)
    return { client, transport, connected: client.connect(transport) }
  }
  const first = await connect()
  await expect(first.connected).rejects.toThrow(LegacyUnauthorizedError)

  const callback = await dance(newBrowser(), signIn.sentTo(), bob())
  expect(callback.url.searchParams.get('iss')).toBe(gateway.endpoints.issuer)
  await first.transport.finishAuth(callback.url.searchParams.get('code') ?? '')

  const { client, connected } = await connect()
  await connected
  expect(JSON.stringify(await client.callTool({ name: 'meta_whoami', arguments: {} }))).toContain('bob')
  await client.close()
  expect(decodeJwt(signIn.tokens()?.access_token ?? '')).toMatchObject({ aud: gateway.endpoints.mcp, client_id: signIn.clientId() })
})

test('an SDK client 2.x is known by its metadata document, and refreshes its tokens', async () => {
  const { clients = {} } = await api().policy.export()
  await api().policy.apply({ file: { clients: { ...clients, metadataHosts: [document.host] } } })
  const signIn = sdkSignIn(redirectUri, document.url)
  const first = connect(signIn)
  await expect(first.connected).rejects.toThrow(UnauthorizedError)
  expect(signIn.sentTo().searchParams.get('client_id')).toBe(document.url)

  await callAsBob(signIn, first.transport)
  expect(document.fetched()).toBeGreaterThan(0)

  const flow = await FlowClient.at(gateway.endpoints.issuer, { id: document.url, redirectUri, resource: gateway.endpoints.mcp })
  const refreshed = await flow.refresh(signIn.tokens()?.refresh_token ?? '')
  expect(refreshed).toMatchObject({ status: 200 })
  expect(refreshed.tokens?.refresh_token).not.toBe(signIn.tokens()?.refresh_token)
})

test('an SDK client 2.x registers itself after the command that the first screen names for places without internet', async () => {
  const { clients = {} } = await api().policy.export()
  const command = /apply -f (\S+)/.exec(gateway.output())?.[1] ?? ''
  const file = new URL(`../../../${command}`, import.meta.url).pathname
  expect(await bir('apply', '-f', file)).toContain('change clients.metadataDocuments: default -> off')
  const fetched = document.fetched()
  const signIn = sdkSignIn(redirectUri, document.url)
  const first = connect(signIn)
  await expect(first.connected).rejects.toThrow(UnauthorizedError)
  expect(signIn.sentTo().searchParams.get('client_id')).toMatch(/^[0-9a-f]{32}$/)

  await callAsBob(signIn, first.transport)
  expect(document.fetched()).toBe(fetched)
  await api().policy.apply({ file: { clients } })
})

test('whoever denies goes back to the client with access_denied, and the client gets no code', async () => {
  const flow = await FlowClient.at(gateway.endpoints.issuer, { redirectUri, resource: gateway.endpoints.mcp })
  const begun = flow.begin()
  const { url } = await dance(newBrowser(), begun.url, { ...bob(), decision: 'deny' })
  expect(Object.fromEntries(url.searchParams)).toMatchObject({ error: 'access_denied', state: begun.state, iss: gateway.endpoints.issuer })
  expect(url.searchParams.has('code')).toBe(false)
})

test('a fault that a person sees has an id, under which the audit finds it', async () => {
  const url = (await FlowClient.at(gateway.endpoints.issuer, { redirectUri })).begin().url
  url.searchParams.set('redirect_uri', 'https://evil.example/callback')
  const page = await newBrowser().open(url)
  expect(page.status).toBe(400)
  expect(page.headers['content-security-policy']).toContain("frame-ancestors 'none'")
  const id = /\b[0-9a-f]{8}-[0-9a-f-]{27}\b|\b[\w-]{20,}\b/.exec(page.text)?.[0] ?? ''
  await expect.poll(() => bir('audit', 'search', '--id', id)).toContain('oauth/authorize')
})

/** What `bir` prints, to the operator of this gateway. */
async function bir(...args: string[]): Promise<string> {
  const main = new URL('../../../sdk/src/cli/main.ts', import.meta.url).pathname
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...args], { env: { ...process.env, BIR_HOME: gateway.home, NO_COLOR: '1' } }, (_error, out) =>
      resolve(out),
    )
  })
}
