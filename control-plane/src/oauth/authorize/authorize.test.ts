import { decodeJwt } from 'jose'
import { expect, test } from 'vitest'
import { ISSUER, MCP_URL } from '../../internal/testing.ts'
import { anAuthorization, aSignInGateway, REDIRECT_URI, registered, signedIn, TestBrowser } from '../testing.ts'

test('a client that registered itself signs a person in, asks for consent, and gets tokens', async () => {
  await using gateway = await aSignInGateway()
  const clientId = await registered(gateway)
  const browser = new TestBrowser(gateway, 'bob')
  const { path } = anAuthorization(clientId)
  const consent = await browser.go(path)
  expect(consent.html).toContain('Test client')
  expect(consent.html).toContain('127.0.0.1:9999')
  expect(consent.html).toContain('Bob')

  const { url, status } = await browser.submit(consent, { decision: 'allow' })
  expect(status).toBe(303)
  expect(url.href.startsWith(REDIRECT_URI)).toBe(true)
  expect(url.searchParams.get('state')).toBe('state-of-the-client')
  expect(url.searchParams.getAll('iss')).toEqual([ISSUER])
  expect(url.searchParams.get('code')).toMatch(/^[\w-]{43}$/)
})

test('the tokens are those of the person, for this client, in a session of its own', async () => {
  await using gateway = await aSignInGateway()
  const clientId = await registered(gateway)
  const { status, body } = await signedIn(gateway, { clientId })
  expect(status).toBe(200)
  const { id } = await gateway.control.client().users.get({ handle: 'alice' })
  expect(decodeJwt(body.access_token)).toMatchObject({ iss: ISSUER, sub: id, aud: `${MCP_URL}/mcp`, client_id: clientId, scope: 'mcp' })
  expect(body.refresh_token).toMatch(/^[\w-]{43}$/)
})

test('whoever is not the person that is signed in signs in anew, at the provider too', async () => {
  await using gateway = await aSignInGateway()
  const clientId = await registered(gateway)
  const browser = new TestBrowser(gateway, 'alice')
  const consent = await browser.go(anAuthorization(clientId).path)
  const again = await browser.submit(consent, { decision: 'other-person' })
  expect(gateway.idp.asked.some((path) => path.includes('prompt=login'))).toBe(true)
  expect(again.html).toContain('Alice')
  expect((await browser.submit(again, { decision: 'allow' })).url.searchParams.has('code')).toBe(true)
})

test('a permission is remembered for this client, person and address, and used only where nobody else sent the browser', async () => {
  await using gateway = await aSignInGateway()
  const [clientId, otherClient] = [await registered(gateway), await registered(gateway)]
  const browser = new TestBrowser(gateway)
  const consent = await browser.go(anAuthorization(clientId).path)
  await browser.submit(consent, { decision: 'allow', remember: 'on' })
  const asks = async (id: string, headers?: Record<string, string>) =>
    (await browser.go(anAuthorization(id).path, headers)).url.pathname === '/oauth/consent'
  expect(await asks(clientId)).toBe(false)
  expect(await asks(clientId, { 'sec-fetch-site': 'cross-site' })).toBe(true)
  expect(await asks(clientId, { 'sec-fetch-site': 'same-site' })).toBe(true)
  expect(await asks(clientId, {})).toBe(true)
  expect(await asks(otherClient)).toBe(true)
})

test('a person may stay signed in after the browser is closed, if they wish', async () => {
  await using gateway = await aSignInGateway()
  const clientId = await registered(gateway)
  const browser = new TestBrowser(gateway)
  const consent = await browser.go(anAuthorization(clientId).path)
  expect(consent.html).toContain('Stay signed in on this browser')
  await browser.submit(consent, { decision: 'allow', stay: 'on' })
  expect(await gateway.control.db.selectFrom('sessions').select('remembered').where('kind', '=', 'browser').execute()).toEqual([
    { remembered: true },
  ])
  expect((await browser.go(anAuthorization(clientId).path)).html).not.toContain('Stay signed in')
})

test('two tabs and the back button are ordinary: each tab gets its answer, and a form counts once', async () => {
  await using gateway = await aSignInGateway()
  const clientId = await registered(gateway)
  const browser = new TestBrowser(gateway)
  const [first, second] = [await browser.go(anAuthorization(clientId).path), await browser.go(anAuthorization(clientId).path)]
  const allowed = await browser.submit(first, { decision: 'allow' })
  expect(allowed.url.searchParams.has('code')).toBe(true)
  expect((await browser.submit(second, { decision: 'allow' })).url.searchParams.has('code')).toBe(true)
  const back = await browser.submit(first, { decision: 'allow' })
  expect([back.status, back.html.includes('expired')]).toEqual([400, true])
})
