import { once } from 'node:events'
import { request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { aRunningControlPlane, ISSUER } from '../internal/testing.ts'
import { aGateway, asked, bearer, exchange } from '../tokens/testing.ts'

test('the API accepts administrators with a valid token for it', async () => {
  await using made = await aGateway()
  const { control, idp } = made
  const admin = { claims: { sub: 'a', preferred_username: 'admin', roles: ['administrator'] } }
  const api = { resource: `${ISSUER}/api` }
  const given = await asked(control, exchange(await idp.sign(admin), api))
  const code = async (token: string) => {
    try {
      await control.client(token).users.list()
      return 'ok'
    } catch (error) {
      return (error as { code: string }).code
    }
  }
  expect(await code(given.body.access_token)).toBe('ok')
  expect(await code((await asked(control, exchange(await idp.sign(), api))).body.access_token)).toBe('forbidden')
  expect(await code((await asked(control, exchange(await idp.sign(admin)))).body.access_token)).toBe('unauthenticated')
  expect(await code('rubbish')).toBe('unauthenticated')
  expect(await code(await control.assertion({ person: 'admin' }))).toBe('unauthenticated')
  expect(await code(await idp.sign(admin))).toBe('unauthenticated')

  await control.client().tokens.revoke({ jti: String(given.claims.jti) })
  expect(await code(given.body.access_token)).toBe('unauthenticated')
  const fresh = await asked(control, exchange(await idp.sign(admin), api))
  await control.client().tokens.revoke({ sid: String(fresh.claims['sid']) })
  expect(await code(fresh.body.access_token)).toBe('unauthenticated')
  const last = await asked(control, exchange(await idp.sign(admin), api))
  await control.client().users.put({ handle: 'other', provider: 'demo', subject: 'other', administrator: true })
  await control.client().users.setDisabled({ handle: 'admin', disabled: true })
  expect(await code(last.body.access_token)).toBe('forbidden')
})

test('a token of the API is good no more once its session has ended, whatever else says so', async () => {
  await using made = await aGateway()
  const { control, idp } = made
  const { body, claims } = await asked(control, exchange(await idp.sign(), { resource: `${ISSUER}/api` }))
  const me = () => control.client(body.access_token).users.me()
  expect(await me()).toMatchObject({ handle: 'alice', kind: 'person', sid: claims['sid'] })
  await control.db.updateTable('sessions').set({ ended_at: new Date() }).where('sid', '=', String(claims['sid'])).execute()
  await expect(me()).rejects.toMatchObject({ code: 'unauthenticated', message: 'Sign in again: its session has ended.' })
})

test('a token that the API does not take is told why, in words for whoever sent it', async () => {
  await using made = await aGateway()
  const { control, idp } = made
  const messageOf = (token: string) =>
    control
      .client(token)
      .users.me()
      .then(String, (error: Error) => error.message)
  expect(await messageOf(`bir_pat_${'x'.repeat(43)}`)).toContain('A personal access token is for MCP alone')
  expect(await messageOf((await asked(control, exchange(await idp.sign()))).body.access_token)).toContain(`the resource ${ISSUER}/api`)
  expect(await messageOf('rubbish')).toContain('no access token of this gateway')
  expect(await messageOf(await idp.sign())).toContain('no access token of this gateway')
})

test('what somebody does for a person is recorded with both', async () => {
  await using made = await aGateway()
  const { control } = made
  await control.client().users.put({ handle: 'alice', provider: 'demo', subject: 'subject-alice' })
  const { body } = await asked(control, bearer(await control.assertion({ person: 'alice' }), { resource: `${ISSUER}/api` }))
  await control.client(body.access_token).personalTokens.create({ user: 'alice', name: 'laptop' })
  const { items } = await control.client().audit.search({ user: 'alice', kind: 'change' })
  expect(items.find(({ method }) => method === 'personalTokens.create')).toMatchObject({ user: 'alice', actor: 'operator:tester' })
})

test('an API token that the operator got for a person allows what the person may do', async () => {
  await using made = await aGateway()
  const { control } = made
  await control.client().users.put({ handle: 'alice', provider: 'demo', subject: 'subject-alice' })
  const { body } = await asked(control, bearer(await control.assertion({ person: 'alice' }), { resource: `${ISSUER}/api` }))
  const headers = { authorization: `Bearer ${body.access_token}`, 'content-type': 'application/json' }
  const ask = async (query: string) => (await control.get('/graphql', { method: 'POST', headers, body: JSON.stringify({ query }) })).json()
  expect(await ask('{ selections(user: "alice") { servers } }')).toEqual({ data: { selections: { servers: {} } } })
  expect(await ask('{ settings { rateBurst } }')).toMatchObject({ errors: [{ extensions: { code: 'forbidden' } }] })
})

test('an assertion of the operator is good for one request, whatever is asked and however often at once', async () => {
  await using control = await aRunningControlPlane()
  const ask = async (token: string, path = '/trpc/settings.get') =>
    (await control.get(path, { headers: { authorization: `Bearer ${token}` } })).status
  const first = await control.assertion()
  expect(await ask(first)).toBe(200)
  expect(await ask(first)).toBe(401)
  expect(await ask(first, '/trpc/users.list')).toBe(401)
  expect(await ask(first, '/graphql?query={__typename}')).toBe(401)
  const [raced, used] = [await control.assertion(), await control.assertion({ person: 'nobody' })]
  const statuses = await Promise.all(Array.from({ length: 8 }, () => ask(raced)))
  expect(statuses.filter((status) => status === 200)).toHaveLength(1)
  await asked(control, bearer(used))
  expect(await ask(used)).toBe(401)
})

test('an assertion that names its request is good for that method and address alone', async () => {
  await using control = await aRunningControlPlane()
  const ask = async (token: string) =>
    (await control.get('/trpc/settings.get?input={}', { headers: { authorization: `Bearer ${token}` } })).status
  const htu = `${control.url}/trpc/settings.get`
  expect(await ask(await control.assertion({ htm: 'POST', htu }))).toBe(401)
  expect(await ask(await control.assertion({ htm: 'GET', htu: `${control.url}/trpc/users.list` }))).toBe(401)
  expect(await ask(await control.assertion({ htm: 'GET', htu: 'no address' }))).toBe(401)
  expect(await ask(await control.assertion({ htm: 'GET', htu }))).toBe(200)
})

test.for([
  [{ 'x-forwarded-host': 'gateway.example' }],
  [{ 'x-forwarded-for': '203.0.113.7' }],
  [{ 'x-client-ip': '203.0.113.7' }],
  [{ 'cf-connecting-ip': '203.0.113.7' }],
  [{ via: '1.1 proxy' }],
  [{ host: 'control.test' }],
])('an assertion of the operator is refused with %j, which only a proxy sends', async ([headers]) => {
  await using control = await aRunningControlPlane()
  const authorization = `Bearer ${await control.assertion()}`
  const asking = request(`${control.url}/trpc/settings.get`, { headers: { authorization, ...headers } }).end()
  const [response] = (await once(asking, 'response')) as [IncomingMessage]
  expect(response.statusCode).toBe(401)
  expect(await text(response)).toContain('from this machine alone')
})

test('an assertion of the operator is refused in HTTP/1.0, as some proxies speak it without saying so', async () => {
  await using control = await aRunningControlPlane()
  const { hostname, port } = new URL(control.url)
  const socket = connect(Number(port), hostname)
  socket.write(`GET /trpc/settings.get HTTP/1.0\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${await control.assertion()}\r\n\r\n`)
  expect(await text(socket)).toContain('from this machine alone')
})
