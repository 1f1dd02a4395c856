import { once } from 'node:events'
import { request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { aRunningControlPlane } from '../internal/testing.ts'
import { asked, bearer } from '../tokens/testing.ts'
import { HeldBytes } from './held-bytes.ts'
import { createSite, json } from './http.ts'
import type { Route } from './http.ts'

const alice = { handle: 'alice', provider: 'demo', subject: 'subject-alice' }

test.for([
  ['a foreign origin', '/trpc/users.list', { headers: { origin: 'https://evil.example' } }, 403],
  ['an address that is not there', '/nothing', {}, 404],
  ['another method', '/oauth/token', {}, 405],
  ['a form that is none', '/oauth/token', { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } }, 415],
  ['a form that is too large', '/oauth/token', { method: 'POST', body: new URLSearchParams({ a: 'x'.repeat(70_000) }) }, 413],
  ['no token', '/trpc/users.list', {}, 401],
] as const)('%s is refused in JSON', async ([, path, init, status]) => {
  await using control = await aRunningControlPlane()
  const response = await control.get(path, init)
  expect(response.status).toBe(status)
  expect(await response.json()).toHaveProperty('error')
})

test.for([
  ['this machine by name', 'LOCALHOST:8081', '/trpc/users.list', 401],
  ['this machine by number', '[::1]:8081', '/graphql', 401],
  ['the issuer', 'control.test', '/oauth/jwks', 200],
  ['a name that was turned to this machine', 'evil.example:8081', '/oauth/jwks', 403],
  ['such a name, at the API', 'evil.example', '/trpc/users.list', 403],
  ['a name that only begins like ours', 'localhost.evil.example', '/graphql', 403],
  ['any name, for whether it is well', 'probe.example', '/health', 200],
] as const)('on loopback, a request for %s is judged by its Host header', async ([, host, path, status]) => {
  await using control = await aRunningControlPlane()
  const asking = request(control.url + path, { headers: { host } }).end()
  const [response] = (await once(asking, 'response')) as [IncomingMessage]
  response.resume()
  expect(response.statusCode).toBe(status)
})

test('half-sent bodies of strangers are bounded together, and let go when they leave', async () => {
  const held = new HeldBytes(64 * 1024)
  const echo: Route = { method: 'POST', path: '/echo', answer: async ({ body }) => json(200, { bytes: (await body(60_000)).length }) }
  const site = { routes: [echo], mounts: [], origin: 'http://control.test', loopback: true, draining: new AbortController().signal }
  const server = createSite({ ...site, log: () => undefined, held })
  onTestFinished(() => server.close().closeAllConnections())
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/echo`
  const half = (bytes: number) => {
    const sending = request(url, { method: 'POST', headers: { 'content-length': 50_000 } }).on('error', () => undefined)
    sending.write('x'.repeat(bytes))
    return sending
  }
  const waiting = half(30_000)
  await expect.poll(() => held.total).toBe(30_000)
  const [refused] = (await once(half(40_000), 'response')) as [IncomingMessage]
  expect(refused.resume().statusCode).toBe(429)
  expect((await fetch(url, { method: 'POST', body: 'x'.repeat(60_001) })).status).toBe(413)
  waiting.destroy()
  await expect.poll(() => held.total).toBe(0)
  expect(await (await fetch(url, { method: 'POST', body: 'x'.repeat(30_000) })).json()).toEqual({ bytes: 30_000 })
})

test('pages of any origin may call what is for them, after a preflight, and nothing else', async () => {
  await using control = await aRunningControlPlane()
  const origin = { origin: 'https://inspector.example' }
  const preflight = await control.get('/oauth/token', { method: 'OPTIONS', headers: origin })
  expect(preflight.status).toBe(204)
  expect(preflight.headers.get('access-control-allow-methods')).toBe('POST')
  expect(preflight.headers.get('access-control-allow-headers')).toContain('content-type')
  const refused = await control.get('/oauth/token', { method: 'POST', headers: origin, body: new URLSearchParams({ grant_type: 'x' }) })
  expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([400, '*'])
  expect((await control.get('/graphql', { method: 'POST', headers: origin })).status).toBe(403)
  expect((await control.get('/graphql', { method: 'OPTIONS', headers: origin })).status).toBe(403)
})

test('tRPC and GraphQL both answer the operator', async () => {
  await using control = await aRunningControlPlane()
  await control.client().users.put(alice)
  const headers = { authorization: `Bearer ${await control.assertion()}`, 'content-type': 'application/json' }
  const query = JSON.stringify({ query: '{ __typename }' })
  const answer = await control.get('/graphql', { method: 'POST', headers, body: query })
  expect(await answer.json()).toEqual({ data: { __typename: 'Query' } })
  const anonymous = await control.get('/graphql', { method: 'POST', headers: { 'content-type': 'application/json' }, body: query })
  expect(anonymous.status).toBe(401)
})

test('a request writes one line to the log, without query, body or token', async () => {
  await using control = await aRunningControlPlane()
  await control.client().users.put(alice)
  await asked(control, bearer(await control.assertion({ person: 'alice' })))
  await control.client().users.get({ handle: 'alice' })
  await expect.poll(() => control.events.filter(({ event }) => event === 'request')).toHaveLength(3)
  const lines = JSON.stringify(control.events)
  expect(lines).not.toMatch(/eyJ|\?input|Bearer/)
})
