import { expect, test } from 'vitest'
import { aRunningControlPlane } from './internal/testing.ts'
import { asked, bearer } from './tokens/testing.ts'

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

test('both faces of the API answer the operator', async () => {
  await using control = await aRunningControlPlane()
  await control.client().users.put(alice)
  const headers = { authorization: `Bearer ${await control.assertion()}`, 'content-type': 'application/json' }
  const query = JSON.stringify({ query: '{ __typename }' })
  const answer = await control.get('/graphql', { method: 'POST', headers, body: query })
  expect(await answer.json()).toEqual({ data: { __typename: 'Query' } })
  const anonymous = await control.get('/graphql', { method: 'POST', headers: { 'content-type': 'application/json' }, body: query })
  expect(anonymous.status).toBe(401)
})

test('a request leaves one line in the log, without query, body or token', async () => {
  await using control = await aRunningControlPlane()
  await control.client().users.put(alice)
  await asked(control, bearer(await control.assertion({ person: 'alice' })))
  await control.client().users.get({ handle: 'alice' })
  await expect.poll(() => control.events.filter(({ event }) => event === 'request')).toHaveLength(3)
  const lines = JSON.stringify(control.events)
  expect(lines).not.toMatch(/eyJ|\?input|Bearer/)
})
