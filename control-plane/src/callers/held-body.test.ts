import { expect, test } from 'vitest'
import { aHeldRequest } from '../base/testing.ts'
import { ISSUER } from '../internal/testing.ts'
import { aSignInGateway, TestBrowser } from '../oauth/testing.ts'
import { aGateway, asked, exchange } from '../tokens/testing.ts'

type Made = Awaited<ReturnType<typeof aGateway>>

/** An administrator of the API, beside another one, and what they send. */
async function anAdministrator({ control, idp }: Made) {
  await control.client().users.put({ handle: 'other', provider: 'demo', subject: 'other', administrator: true })
  const claims = { sub: 'a', preferred_username: 'admin', roles: ['administrator'] }
  const given = await asked(control, exchange(await idp.sign({ claims }), { resource: `${ISSUER}/api` }))
  const token = given.body.access_token
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  return { token, headers, sid: String(given.claims['sid']), jti: String(given.claims.jti) }
}

const enableOneself = { handle: 'admin', disabled: false }
const faces = [
  ['/trpc/users.setDisabled', JSON.stringify(enableOneself)],
  ['/trpc/users.list', '{}'],
  ['/graphql', JSON.stringify({ query: 'mutation { setUserDisabled(input: { handle: "admin", disabled: false }) { handle } }' })],
  ['/graphql', JSON.stringify({ query: '{ users { edges { node { handle } } } }' })],
] as const

const losses = {
  'is disabled': (control: Made['control']) => control.client().users.setDisabled({ handle: 'admin', disabled: true }),
  'loses the session': (control: Made['control'], { sid }: { sid: string }) => control.client().sessions.end({ sid }),
  'loses the token': (control: Made['control'], { jti }: { jti: string }) => control.client().tokens.revoke({ jti }),
  'is an administrator no more': (control: Made['control']) =>
    control.client().users.put({ handle: 'admin', provider: 'demo', subject: 'a', administrator: false }),
}

test.for(Object.entries(losses))('who %s while the body of their call is on its way does nothing with it', async ([, lose]) => {
  await using made = await aGateway()
  const { control } = made
  const admin = await anAdministrator(made)
  const held = await Promise.all(
    faces.map(([path, body]) =>
      aHeldRequest(control.url + path, { headers: { ...admin.headers, 'x-http-method-override': 'POST' }, body }),
    ),
  )
  expect((await control.client(admin.token).users.list()).items).toContainEqual(expect.objectContaining({ handle: 'admin' }))
  await lose(control, admin)
  const before = await control.db.selectFrom('users').select(['disabled', 'administrator']).where('handle', '=', 'admin').execute()
  for (const { finish } of held) {
    const { text } = await finish()
    expect(text).toMatch(/"code":"(?:unauthenticated|forbidden)"/)
    expect(text).not.toContain('"other"')
  }
  const after = await control.db.selectFrom('users').select(['disabled', 'administrator']).where('handle', '=', 'admin').execute()
  expect(after).toEqual(before)
})

test('what a caller changes while their right is being taken away is refused once it is gone', async () => {
  await using made = await aGateway()
  const { control } = made
  const admin = await anAdministrator(made)
  const disable = control.client().users.setDisabled({ handle: 'admin', disabled: true })
  const calls = Array.from({ length: 8 }, (_, at) =>
    control
      .client(admin.token)
      .groups.put({ handle: `group-${at}`, title: 'x' })
      .then(() => `group-${at}`)
      .catch(() => undefined),
  )
  await disable
  const made8 = (await Promise.all(calls)).filter((handle) => handle !== undefined)
  const { items } = await control.client().audit.search({ kind: 'change' })
  const order = items.map(({ method, detail }) => `${method} ${detail}`)
  const disabledAt = order.findIndex((line) => line.startsWith('users.setDisabled'))
  const madeAt = items.flatMap(({ method }, at) => (method === 'groups.put' ? [at] : []))
  expect(madeAt).toHaveLength(made8.length)
  expect(
    madeAt.every((at) => at > disabledAt),
    'newest first',
  ).toBe(true)
})

test('who is disabled in the browser does nothing with a mutation of GraphiQL that is on its way', async () => {
  await using gateway = await aSignInGateway()
  const { control } = gateway
  const browser = new TestBrowser(gateway)
  await browser.go('/oauth/sign-in?return=/graphql')
  const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const headers = { 'content-type': 'application/json', origin: ISSUER, host: new URL(ISSUER).host, cookie }
  const body = JSON.stringify({ query: 'mutation { createPersonalToken(input: { user: "alice", name: "laptop" }) { token } }' })
  const held = await aHeldRequest(`${control.url}/graphql`, { headers, body })
  const me = JSON.stringify({ query: '{ me { handle } }' })
  expect(await (await control.get('/graphql', { method: 'POST', headers: { ...headers, host: '' }, body: me })).text()).toContain('alice')
  const [session] = (await control.client().sessions.list({ user: 'alice' })).items
  await control.client().sessions.end({ sid: session?.sid ?? '' })
  const { text } = await held.finish()
  expect(text).toContain('"code":"unauthenticated"')
  expect((await control.client().personalTokens.list({ user: 'alice' })).items).toEqual([])
  const { items } = await control.client().audit.search({ session: session?.sid ?? '', reason: 'session-revoked' })
  expect(items).toMatchObject([{ method: 'personalTokens.create', user: 'alice', outcome: 'refused' }])
})
