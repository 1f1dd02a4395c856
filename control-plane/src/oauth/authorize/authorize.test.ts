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
