import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readConfig } from './config.ts'
import { ownAddress } from './own-address.ts'
import { createPortal } from './server.ts'

const server = createPortal({ host: '127.0.0.1', mcpUrl: 'http://127.0.0.1:8080', controlUrl: 'http://127.0.0.1:8081/"><script>' })
let origin: string

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.close()
  server.closeAllConnections()
})

test('the page names the address to connect to, and runs no script', async () => {
  const response = await fetch(origin)
  const html = await response.text()
  expect(response.status).toBe(200)
  expect(html).toContain('http://127.0.0.1:8080/mcp')
  expect(html).not.toContain('<script')
  expect(response.headers.get('content-security-policy')).toContain("default-src 'none'")
})

test('the page of secrets has the command to use, and allows one script, by its hash', async () => {
  const response = await fetch(`${origin}/secrets`)
  const html = await response.text()
  expect(response.status).toBe(200)
  expect(html).toContain('bir secret put <span data-server>')
  // What the address of the control plane holds becomes no markup.
  expect(html.match(/<script/g)).toHaveLength(1)
  const script = /<script>([^]*)<\/script>/.exec(html)?.[1] ?? ''
  const hash = createHash('sha256').update(script).digest('base64')
  expect(response.headers.get('content-security-policy')).toContain(`default-src 'none'; style-src 'sha256-`)
  expect(response.headers.get('content-security-policy')).toContain(` script-src 'sha256-${hash}'; `)
  expect((await fetch(`${origin}/secrets/more`)).status).toBe(404)
})

test('health answers, other pages do not exist, and nothing can be posted', async () => {
  expect(await (await fetch(`${origin}/health`)).json()).toEqual({ status: 'ok' })
  expect((await fetch(`${origin}/nothing`)).status).toBe(404)
  expect((await fetch(origin, { method: 'POST' })).status).toBe(405)
})

test.for<[string, string, Record<string, string>, number]>([
  ['another host', '/', { host: 'evil.example.com' }, 403],
  ['a page of another origin', '/', { origin: 'https://evil.example.com' }, 403],
  ['this machine by another name', '/', { host: 'localhost:3000' }, 200],
  ['whoever asks whether it is well', '/health', { host: 'probe.example.com' }, 200],
])('for %s', async ([, path, headers, status]) => {
  const [response] = (await once(request(origin + path, { headers }).end(), 'response')) as [IncomingMessage]
  expect(response.resume().statusCode).toBe(status)
})

test('with a public address, it answers to that one', () => {
  const isForUs = ownAddress({ host: '0.0.0.0', portalUrl: 'https://portal.example.com' })
  expect(isForUs({ host: 'portal.example.com' })).toBe(true)
  expect(isForUs({ host: 'portal.example.com', origin: 'https://portal.example.com' })).toBe(true)
  expect(isForUs({ host: 'other.example.com' })).toBe(false)
})

test('every fault of the configuration is named at once', () => {
  expect(() => readConfig({ PORT: 'x', CONTROL_URL: 'ftp://x' })).toThrow(/port[\s\S]*controlUrl[\s\S]*mcpUrl|mcpUrl[\s\S]*controlUrl/)
})
