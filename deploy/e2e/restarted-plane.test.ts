import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@bir/sdk'
import { within } from '@bir/data-plane/testing/waiting'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freePort } from '../local/base/free-port.ts'
import { bootGateway } from '../testing/boot-gateway.ts'
import type { Gateway } from '../testing/boot-gateway.ts'
import { secondPlane } from '../testing/second-plane.ts'

let gateway: Gateway
const home = mkdtempSync(join(tmpdir(), 'bir-restarted-'))
const info = { name: 'e2e', version: '1.0.0' }

beforeAll(async () => {
  gateway = await bootGateway()
})

afterAll(async () => {
  await gateway?.stop()
  rmSync(home, { recursive: true, force: true })
})

test('a plane that is stopped and started finds its clients: the calls of their sessions, and the news they listen to', async () => {
  const options = { home, port: await freePort(), name: 'restarted', stopDelayMs: 3_000 }
  const api = createClient({ url: gateway.endpoints.control, token: () => gateway.operatorToken() })
  await api.grants.create({ user: 'dave', server: 'debug', level: 'read' })
  const requestInit = { headers: { Authorization: `Bearer ${await gateway.token('dave')}` } }
  const before = await secondPlane(gateway, options)
  const url = new URL(before.mcp)

  // A plane that has just joined gets the keys of sessions a moment after its policy.
  const body = JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'initialize', params: { protocolVersion: '2025-11-25' } })
  const headers = { ...requestInit.headers, 'content-type': 'application/json' }
  await expect.poll(async () => (await fetch(url, { method: 'POST', headers, body })).status).toBe(200)

  const legacy = new LegacyClient(info)
  const transport = new LegacyTransport(url, { requestInit })
  let heard = 0
  legacy.setNotificationHandler(ToolListChangedNotificationSchema, () => void heard++)
  await legacy.connect(transport)
  await expect.poll(async () => (await legacy.listTools()).tools.length).toBeGreaterThan(0)
  const session = transport.sessionId
  const modern = new Client(info, { versionNegotiation: { mode: 'auto' } })
  await modern.connect(new StreamableHTTPClientTransport(url, { requestInit }))
  const subscription = await modern.listen({ toolsListChanged: true })
  let grant: string | undefined
  /** Gives dave another server, or takes it back: his list of tools changes. */
  const makeNews = async () => {
    if (grant === undefined) grant = (await api.grants.create({ user: 'dave', server: 'charts', level: 'write' })).id
    else await api.grants.delete({ id: grant }).finally(() => (grant = undefined))
  }
  const hearsNews = async () => {
    heard = 0
    const listens = async () => {
      await makeNews()
      return heard
    }
    await expect.poll(listens, { interval: 500, message: 'news on the stream of the session' }).toBeGreaterThan(0)
  }
  await hearsNews()

  const stopped = before.stop()
  const health = async () => {
    const response = await fetch(new URL('/health', url))
    return { status: response.status, body: (await response.json()) as unknown }
  }
  await expect.poll(health).toMatchObject({ status: 503, body: { status: 'stopping' } })
  expect((await legacy.listTools()).tools.length).toBeGreaterThan(0)
  expect(await within(subscription.closed, 'the listener to be told')).toBe('graceful')
  expect(await within(stopped, 'the plane to stop')).toBe(0)

  await using _after = await secondPlane(gateway, options)
  expect((await legacy.listTools()).tools.length).toBeGreaterThan(0)
  expect(transport.sessionId).toBe(session)
  expect((await modern.listTools()).tools.length).toBeGreaterThan(0)
  await hearsNews()
  await legacy.close()
  await modern.close()
})
