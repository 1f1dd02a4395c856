import { newPortalKey } from '@bir/sdk/portal-key'
import { decodeJwt } from 'jose'
import { expect, test } from 'vitest'
import { createCookies } from './cookies.ts'
import { GatewayAway, SessionEnded } from './faults.ts'
import { anAuthorizationServer, sent, signedIn } from './testing.ts'

test('a session gives tokens for the API and for other resources, and knows which session of the gateway it is', async () => {
  await using server = await anAuthorizationServer()
  const portal = server.portal()
  const session = await portal.openSession(await signedIn(server, 'alice', portal))
  expect(session?.sid).toBe('session of handle of alice')
  const [api, mcp] = [await session?.token(), await session?.token('https://mcp.example/mcp')]
  expect(decodeJwt(api ?? '').aud).toBe(`${server.config.controlUrl}/api`)
  expect(decodeJwt(mcp ?? '').aud).toBe('https://mcp.example/mcp')
  expect(await session?.token()).toBe(api)
  // The token that came with the sign-in is used, and the other was fetched once.
  expect(server.forms.map((form) => form['grant_type'])).toEqual(['authorization_code', 'refresh_token'])
})

test('any replica with the same key opens the cookie', async () => {
  await using server = await anAuthorizationServer()
  const cookies = await signedIn(server, 'alice')
  const session = await server.portal().openSession(cookies)
  expect(decodeJwt((await session?.token()) ?? '')).toMatchObject({ sid: 'session of handle of alice' })
})

test('a cookie that is changed, cut, sent twice, of another key, for another purpose or too old is nobody', async () => {
  await using server = await anAuthorizationServer()
  const nowMs = Date.now()
  const portal = server.portal({}, () => nowMs)
  const all = await signedIn(server, 'alice', portal)
  const [signIn = '', cookie = ''] = all.split('; ')
  const [name, value = ''] = cookie.split('=')
  const changed = `${name}=${value.slice(0, -3)}${value.endsWith('AAA') ? 'BBB' : 'AAA'}`
  const nobody = [
    undefined,
    '',
    changed,
    cookie.slice(0, -1),
    `${cookie}; ${cookie}`,
    cookie.replace('__Host-', ''),
    `${name}=${'x'.repeat(9_000)}`,
  ]
  expect(await portal.openSession(all)).toBeDefined()
  for (const header of nobody) expect([header, await portal.openSession(header)]).toEqual([header, undefined])
  const { url } = await portal.beginSignIn({ cookies: signIn })
  expect(await portal.openSession(`${name}=${new URL(url).searchParams.get('state')}`)).toBeUndefined()
  expect(await server.portal({ portalKey: await newPortalKey() }).openSession(cookie)).toBeUndefined()
  expect(await server.portal({}, () => nowMs + 365 * 86_400_000).openSession(cookie)).toBeDefined()
  expect(await server.portal({}, () => nowMs + 366 * 86_400_000).openSession(cookie)).toBeUndefined()
})

test('a session that has ended is told apart from a gateway that is away or refuses the portal', async () => {
  await using server = await anAuthorizationServer()
  const cookies = await signedIn(server, 'alice')
  const token = async (more: object = {}) => (await server.portal(more).openSession(cookies))?.token()
  server.answersWith({ status: 401, body: { error: 'invalid_client', error_description: 'no such key' } })
  await expect(token()).rejects.toMatchObject({ name: 'GatewayAway', reason: expect.stringContaining('invalid_client: no such key') })
  server.answersWith({ status: 200, body: { access_token: 5 } })
  await expect(token()).rejects.toBeInstanceOf(GatewayAway)
  await expect(token({ controlUrl: 'http://127.0.0.1:9' })).rejects.toBeInstanceOf(GatewayAway)
  server.answersWith(undefined)
  expect(await token()).toBeDefined()
  server.end('handle of alice')
  await expect(token()).rejects.toBeInstanceOf(SessionEnded)
})

test('signing out ends the session at the gateway and leads on to its own sign-out', async () => {
  await using server = await anAuthorizationServer()
  const portal = server.portal()
  const cookies = await signedIn(server, 'alice', portal)
  const out = await portal.endSession(cookies)
  expect(out).toMatchObject({ isEnded: true, cookie: expect.stringMatching(/^__Host-bir-portal=; .*Max-Age=0$/) })
  const { origin, pathname, searchParams } = new URL(out.url)
  expect([origin + pathname, Object.fromEntries(searchParams)]).toEqual([
    `${server.config.controlUrl}/oauth/logout`,
    { client_id: 'portal', post_logout_redirect_uri: 'https://portal.example/' },
  ])
  // A copy of the cookie, as the back button or a thief has it.
  await expect((await portal.openSession(cookies))?.token()).rejects.toBeInstanceOf(SessionEnded)
  server.answersWith({ status: 503, body: {} })
  expect(await portal.endSession(cookies)).toMatchObject({ isEnded: false })
  expect(await portal.endSession(null)).toMatchObject({ isEnded: true })
})

test('on loopback without TLS the cookies have names that a browser takes there', () => {
  const cookies = createCookies('http://127.0.0.1:3000')
  expect(cookies.set('portal', 'v')).toBe('bir-portal=v; Path=/; HttpOnly; SameSite=Lax')
  expect(cookies.read(`a=b; ${sent(cookies.set('portal', 'v'))}`, 'portal')).toBe('v')
})
