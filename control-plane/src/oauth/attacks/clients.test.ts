import { generateKeyPairSync, randomUUID } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { SignJWT } from 'jose'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { ISSUER } from '../../internal/testing.ts'
import { aSite, sendJson } from '../clients/testing.ts'
import { anAuthorization, aSignInGateway, registered, TestBrowser, tokens } from '../testing.ts'
import type { Stop } from '../testing.ts'

/* Attacks of clients: by the name they give themselves, and by the addresses they name. */

let gateway: Awaited<ReturnType<typeof aSignInGateway>>
let site: Awaited<ReturnType<typeof aSite>>
let other: Awaited<ReturnType<typeof aSite>>
/** Where the codes of the documents' clients go. */
let redirectUri = 'https://app.example/callback'

const documentSite = () =>
  aSite((request, response) => {
    const client_id = `http://${request.headers.host}${request.url}`
    if (request.url === '/internal') return void response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()
    sendJson(response, { client_id, client_name: 'Assistant', redirect_uris: [redirectUri], token_endpoint_auth_method: 'none' })
  })

beforeAll(async () => {
  gateway = await aSignInGateway()
  ;[site, other] = [await documentSite(), await documentSite()]
  await policy({ metadataHosts: [site.host, other.host] })
})
beforeEach(async () => void (await gateway.control.db.deleteFrom('attempt_counts').execute()))
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await site[Symbol.asyncDispose]()
  await other[Symbol.asyncDispose]()
})

async function policy(section: object): Promise<void> {
  const row = { value: JSON.stringify(section) }
  await gateway.control.db
    .insertInto('policy_sections')
    .values({ name: 'clients', ...row })
    .onConflict((conflict) => conflict.column('name').doUpdateSet(row))
    .execute()
}

const ask = (browser: TestBrowser, clientId: string) => browser.go(anAuthorization(clientId, { redirect_uri: redirectUri }).path)
const isConsent = ({ html }: Stop) => html.includes('name="decision"')
const idOn = ({ html }: Stop) => /<code class="id">([^<]+)<\/code>/.exec(html)?.[1] ?? ''

async function recordOf(page: Stop) {
  const { items } = await gateway.control.client().audit.search({ id: idOn(page) })
  return items.map(({ method, outcome, reason }) => [method, outcome, reason])
}

// draft-ietf-oauth-client-id-metadata-document, section 6; RFC 6819, section 4.4.1.4.
test('a client that takes the name of another is asked about by itself, under its own host', async () => {
  const browser = new TestBrowser(gateway)
  const [genuine, impostor] = [`${site.url}/client.json`, `${other.url}/client.json`]
  const consent = await ask(browser, genuine)
  expect(consent.html.includes(site.host.replace(/\./g, '.<wbr />')) || consent.html.includes(site.host)).toBe(true)
  await browser.submit(consent, { decision: 'allow', remember: 'on' })
  expect(isConsent(await ask(browser, genuine))).toBe(false)
  const asked = await ask(browser, impostor)
  expect([isConsent(asked), asked.html.includes(site.host)]).toEqual([true, false])
  expect(isConsent(await ask(browser, `${site.url}/other.json`))).toBe(true)
  expect(isConsent(await ask(browser, await registered(gateway, { client_name: 'Assistant', redirect_uris: [redirectUri] })))).toBe(true)
  expect(isConsent(await ask(new TestBrowser(gateway, 'bob'), genuine))).toBe(true)
})

test('a client whose codes go to another place later is asked about again', async () => {
  const browser = new TestBrowser(gateway)
  const clientId = `${site.url}/moving.json`
  await browser.submit(await ask(browser, clientId), { decision: 'allow', remember: 'on' })
  expect(isConsent(await ask(browser, clientId))).toBe(false)
  for (const moved of [
    'https://evil.example/callback',
    'https://app.example:8443/callback',
    'app.example://app.example/callback',
    'evilapp://app.example/callback',
  ]) {
    redirectUri = moved
    await gateway.control.db
      .updateTable('client_documents')
      .set({ fresh_until: new Date(0) })
      .execute()
    expect([moved, isConsent(await ask(browser, clientId))]).toEqual([moved, true])
  }
  redirectUri = 'https://app.example/callback'
  await gateway.control.db
    .updateTable('client_documents')
    .set({ fresh_until: new Date(0) })
    .execute()
})

// RFC 7592, section 2.2.
test('a client that an administrator named by its id changes its registration no more, and so its codes go to no other place', async () => {
  const headers = { 'content-type': 'application/json' }
  const metadata = { client_name: 'Desk', redirect_uris: [redirectUri], token_endpoint_auth_method: 'none' }
  const made = await gateway.control.get('/oauth/register', { method: 'POST', headers, body: JSON.stringify(metadata) })
  const { client_id, registration_access_token } = (await made.json()) as { client_id: string; registration_access_token: string }
  const change = (redirect_uris: string[]) =>
    gateway.control.get(`/oauth/register/${client_id}`, {
      method: 'PUT',
      headers: { ...headers, authorization: `Bearer ${registration_access_token}` },
      body: JSON.stringify({ ...metadata, client_id, redirect_uris }),
    })
  const metadataHosts = [site.host, other.host]
  for (const named of [{ approved: [client_id] }, { allow: 'listed', listed: [client_id], domains: ['evil.example', 'app.example'] }]) {
    await policy({ ...named, metadataHosts })
    const refused = await change(['https://evil.example/callback'])
    expect([refused.status, await refused.json()]).toEqual([
      403,
      { error: 'access_denied', error_description: expect.stringContaining('Register anew') },
    ])
    const moved = anAuthorization(client_id, { redirect_uri: 'https://evil.example/callback' }).path
    expect((await new TestBrowser(gateway).go(moved)).status).toBe(400)
  }
  await policy({ approved: [client_id], metadataHosts })
  expect((await ask(new TestBrowser(gateway), client_id)).url.searchParams.has('code')).toBe(true)
  await policy({ metadataHosts })
  const browser = new TestBrowser(gateway)
  await browser.submit(await ask(browser, client_id), { decision: 'allow', remember: 'on' })
  for (const moved of ['https://evil.example/callback', 'evilapp://app.example/callback']) {
    expect((await change([moved])).status).toBe(200)
    const page = await browser.go(anAuthorization(client_id, { redirect_uri: moved }).path)
    expect([moved, isConsent(page)]).toEqual([moved, true])
  }
})

test('a link of another site uses no consent that was given before', async () => {
  const browser = new TestBrowser(gateway)
  const clientId = `${site.url}/linked.json`
  await browser.submit(await ask(browser, clientId), { decision: 'allow', remember: 'on' })
  const { path } = anAuthorization(clientId, { redirect_uri: redirectUri })
  expect(isConsent(await browser.go(path, { 'sec-fetch-site': 'cross-site' }))).toBe(true)
})

// SSRF by client_id: draft-ietf-oauth-client-id-metadata-document, section 6.5; RFC 7591, section 5.
test('the page tells no more of an address inside than of one that is not there, and asks it for nothing', async () => {
  const hidden = await aSite((_, response) => sendJson(response, { secret: 'inside' }))
  const inside = [
    `${hidden.url}/client.json`,
    `https://127.0.0.1:${new URL(hidden.url).port}/client.json`,
    'https://[::1]/client.json',
    'https://[::ffff:7f00:1]/client.json',
    'https://169.254.169.254/latest/meta-data',
    'https://localhost/client.json',
    'https://10.0.0.1/client.json',
  ]
  const notThere = 'https://nobody.invalid/client.json'
  const said: string[] = []
  for (const clientId of [...inside, notThere]) {
    const page = await ask(new TestBrowser(gateway), clientId)
    expect([clientId, page.status]).toEqual([clientId, 400])
    expect(page.html).toContain('The program could not be checked')
    expect(await recordOf(page)).toEqual([['oauth/authorize', 'refused', 'unreachable-client-document']])
    said.push(page.html.replaceAll(new URL(clientId).host, 'host').replace(idOn(page), ''))
  }
  expect(new Set(said).size).toBe(1)
  for (const remedy of ['clients: metadataHosts', 'HTTPS_PROXY', 'clients: { metadataDocuments: off }']) expect(said[0]).toContain(remedy)
  expect(said[0]).not.toContain('In the program that sent you here')
  expect(hidden.requests).toEqual([])
  await hidden[Symbol.asyncDispose]()
})

test('a document that leads on is not followed, and says so to whoever mends it', async () => {
  const page = await ask(new TestBrowser(gateway), `${site.url}/internal`)
  expect([page.status, page.html.includes('answers with a redirect')]).toEqual([400, true])
})

// SSRF by jwks_uri: RFC 7591, section 5.
test('keys of a client are not fetched from inside', async () => {
  const hidden = await aSite((_, response) => sendJson(response, { keys: [] }))
  const clientId = await registered(gateway, { token_endpoint_auth_method: 'private_key_jwt', jwks_uri: `${hidden.url}/keys` })
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const nowS = Math.floor(Date.now() / 1000)
  const assertion = await new SignJWT({ iss: clientId, sub: clientId, aud: ISSUER, iat: nowS, exp: nowS + 60, jti: randomUUID() })
    .setProtectedHeader({ alg: 'ES256' })
    .sign(privateKey)
  const { body } = await tokens(gateway, {
    grant_type: 'authorization_code',
    code: 'x',
    code_verifier: 'x',
    client_assertion: assertion,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
  })
  expect([body.error, hidden.requests]).toEqual(['temporarily_unavailable', []])
  await hidden[Symbol.asyncDispose]()
})

test('whose fault a document is: that of its site, which fails, or that of the client', async () => {
  const answers: Record<string, (response: ServerResponse) => unknown> = {
    '/broken': (response) => response.writeHead(500).end(),
    '/cut': (response) => response.destroy(),
    '/gone': (response) => response.writeHead(404).end(),
    '/leads-on': (response) => response.writeHead(302, { location: '/gone' }).end(),
    '/text': (response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{'),
    '/long': (response) => sendJson(response, 'x'.repeat(11_000)),
    '/of-another': (response) => sendJson(response, { client_id: 'https://other.example/c' }),
  }
  await using faulty = await aSite(({ url = '' }, response) => void answers[url]?.(response))
  await policy({ metadataHosts: [faulty.host] })
  const found: Record<string, unknown[]> = {}
  const urls = [...Object.keys(answers).map((path) => faulty.url + path), `https://${faulty.host}/no-tls`]
  for (const url of urls) {
    const page = await ask(new TestBrowser(gateway), url)
    const [[, , reason] = []] = await recordOf(page)
    found[new URL(url).pathname] = [page.status, reason, page.html.includes('In the program that sent you here')]
  }
  await policy({ metadataHosts: [site.host, other.host] })
  expect(found).toEqual({
    '/broken': [400, 'failing-client-document', true],
    '/cut': [400, 'failing-client-document', true],
    '/gone': [400, 'faulty-client-document', true],
    '/leads-on': [400, 'faulty-client-document', true],
    '/text': [400, 'faulty-client-document', true],
    '/long': [400, 'faulty-client-document', true],
    '/of-another': [400, 'faulty-client-document', true],
    '/no-tls': [400, 'failing-client-document', true],
  })
})

test('what is wrong with a client is said to the person, with an id that finds it in the audit', async () => {
  const browser = new TestBrowser(gateway)
  const gone = await aSite(() => {})
  await policy({ metadataHosts: [site.host, other.host, gone.host] })
  await gone[Symbol.asyncDispose]()
  const away = await ask(browser, `${gone.url}/client.json`)
  expect([away.html.includes(gone.host), await recordOf(away)]).toEqual([
    true,
    [['oauth/authorize', 'refused', 'unreachable-client-document']],
  ])

  const unknown = await ask(browser, 'nobody')
  expect([unknown.html.includes('This program is not known here'), await recordOf(unknown)]).toEqual([
    true,
    [['oauth/authorize', 'refused', 'unknown-client']],
  ])

  const clientId = await registered(gateway, { client_name: 'Unlisted', redirect_uris: [redirectUri] })
  await policy({ allow: 'listed', listed: [], metadataHosts: [site.host, other.host] })
  const unlisted = await ask(browser, clientId)
  expect([unlisted.status, unlisted.html.includes('“Unlisted”'), await recordOf(unlisted)]).toEqual([
    403,
    true,
    [['oauth/authorize', 'refused', 'client-not-allowed']],
  ])
  await policy({ metadataHosts: [site.host, other.host] })
})

// Registration: RFC 7591, section 5.
test('names and addresses with control characters are refused, and never an error 500', async () => {
  const hostile = ['a\u0000b', 'a\u001b[2J\u202e\r\n', '\ud800']
  for (const text of hostile)
    for (const member of ['client_name', 'redirect_uris', 'jwks_uri', 'client_uri', 'software_id', 'jwks', 'grant_types', 'scope']) {
      await gateway.control.db.deleteFrom('attempt_counts').execute()
      const value = member === 'redirect_uris' || member === 'grant_types' ? [text] : member === 'jwks' ? { keys: [{ kid: text }] } : text
      const body = JSON.stringify({ redirect_uris: ['https://app.example/'], token_endpoint_auth_method: 'none', [member]: value })
      const response = await gateway.control.get('/oauth/register', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      })
      expect([member, text, response.status < 500]).toEqual([member, text, true])
      expect(await response.text()).not.toMatch(/[\p{Cc}\u202e]/u)
    }
})

test('a flood of registrations of one address is held up, and its end is told', async () => {
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify({ redirect_uris: ['https://app.example/'], token_endpoint_auth_method: 'none' })
  const flood = await Promise.all(
    Array.from({ length: 50 }, () => gateway.control.get('/oauth/register', { method: 'POST', headers, body })),
  )
  expect(flood.filter(({ status }) => status === 201).length).toBeLessThanOrEqual(40)
  const refused = flood.find(({ status }) => status === 429)
  expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(Number(refused?.headers.get('retry-after'))).toBeLessThanOrEqual(60)
})
