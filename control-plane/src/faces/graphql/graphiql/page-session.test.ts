import { expect, test } from 'vitest'
import { ISSUER } from '../../../internal/testing.ts'
import { aSignInGateway, TestBrowser } from '../../../oauth/testing.ts'

const html = { accept: 'text/html', 'sec-fetch-site': 'none' }

async function aPage() {
  const gateway = await aSignInGateway()
  const browser = new TestBrowser(gateway)
  const cookie = () => [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const ask = async (headers: Record<string, string> = {}, query = '{ me { handle kind client } }') => {
    const init = { method: 'POST', headers: { 'content-type': 'application/json', origin: ISSUER, cookie: cookie(), ...headers } }
    const response = await gateway.control.get('/graphql', { ...init, body: JSON.stringify({ query }) })
    return { status: response.status, text: await response.text() }
  }
  return { gateway, browser, cookie, ask, [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose]() }
}

test('a person signs in at GraphiQL with the browser, asks as themselves, and signs out', async () => {
  await using page = await aPage()
  const before = await page.browser.go('/graphql', html)
  expect(before.html).toContain('<a href="/oauth/sign-in?return=/graphql">Sign in</a>')
  expect((await page.ask()).status).toBe(401)

  await page.browser.go('/oauth/sign-in?return=/graphql')
  const signedIn = await page.browser.go('/graphql', html)
  expect(signedIn.html).toContain('Signed in as <strong>alice</strong>')
  expect(signedIn.html, 'an example of a token would be sent instead of the cookie').not.toContain('Bearer TOKEN')
  expect(signedIn.headers.get('content-security-policy')).toBe("frame-ancestors 'none'")
  expect(JSON.parse((await page.ask()).text)).toEqual({ data: { me: { handle: 'alice', kind: 'person', client: null } } })
  expect((await page.ask({}, '{ settings { rateBurst } }')).text, 'what she may not, she may not here either').toContain('forbidden')

  const old = page.cookie()
  await page.browser.submit(await page.browser.go('/oauth/logout'), {})
  expect((await page.ask({ cookie: old })).status, 'the old cookie').toBe(401)
})

test('the cookie counts for our own page alone, and never beside a token', async () => {
  await using page = await aPage()
  await page.browser.go('/oauth/sign-in?return=/graphql')
  expect((await page.ask()).status).toBe(200)
  const refused = async (headers: Record<string, string>) => (await page.ask(headers)).status
  expect(await refused({ origin: 'https://evil.example' })).toBe(403)
  expect(await refused({ origin: 'http://control.test:9999' }), 'another port of the same host').toBe(403)
  expect(await refused({ origin: 'null' })).toBe(403)
  expect(await refused({ 'sec-fetch-site': 'same-site' })).toBe(401)
  expect(await refused({ 'sec-fetch-site': 'cross-site' })).toBe(401)
  expect(await refused({ authorization: 'Bearer rubbish' })).toBe(401)

  const { control } = page.gateway
  const headers = { cookie: page.cookie(), 'content-type': 'application/json' }
  const body = JSON.stringify({ query: '{ me { handle } }' })
  expect((await control.get('/graphql', { method: 'POST', headers, body })).status, 'without an origin').toBe(401)
  const get = await control.get('/graphql?query={me{handle}}', { headers: { ...headers, origin: ISSUER } })
  expect([get.status, await get.text()]).toEqual([401, expect.not.stringContaining('alice')])
  expect((await control.get('/trpc/users.me', { headers: { ...headers, origin: ISSUER } })).status).toBe(401)
})

test('who is disabled, or whose session was ended elsewhere, is nobody in GraphiQL at once', async () => {
  await using page = await aPage()
  await page.browser.go('/oauth/sign-in?return=/graphql')
  const client = page.gateway.control.client()
  const [session] = (await client.sessions.list({ user: 'alice' })).items
  await client.sessions.end({ sid: session?.sid ?? '' })
  const ended = await page.ask()
  expect([ended.status, ended.text]).toEqual([401, expect.stringContaining('Sign in again: its session has ended.')])
  expect((await client.audit.search({ reason: 'session-revoked' })).items[0]).toMatchObject({ user: 'alice', sessionId: session?.sid })

  await page.browser.go('/oauth/sign-in?return=/graphql')
  expect((await page.ask()).status).toBe(200)
  await client.users.setDisabled({ handle: 'alice', disabled: true })
  const disabled = await page.ask()
  expect([disabled.status, disabled.text]).toEqual([403, expect.stringContaining('This account is disabled.')])
  expect((await client.audit.search({ reason: 'person-disabled' })).items[0]).toMatchObject({ user: 'alice' })
})
