import { once } from 'node:events'
import { request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { expect, test } from 'vitest'
import { aRunningControlPlane } from '../internal/testing.ts'
import { asked, bearer } from '../tokens/testing.ts'

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
