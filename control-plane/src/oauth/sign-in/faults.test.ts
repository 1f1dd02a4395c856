import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { MCP_URL } from '../../internal/testing.ts'
import { anAuthorization, aSignInGateway, registered, TestBrowser } from '../testing.ts'
import type { Stop } from '../testing.ts'

/* Sign-ins that come to nothing: what the page says, whose fault it is, how the person goes on. */

let gateway: Awaited<ReturnType<typeof aSignInGateway>>
let clientId: string
beforeAll(async () => {
  gateway = await aSignInGateway()
  clientId = await registered(gateway)
})
afterEach(() => {
  gateway.idp.answerWith()
  vi.useRealTimers()
})
afterAll(() => gateway[Symbol.asyncDispose]())

const titleOf = ({ html }: Stop) => /<h1>([^<]*)/.exec(html)?.[1]
const ofAdministrator = 'In the settings, which your administrators can change'

async function recordOf({ html }: Stop) {
  const id = /<code class="id">([^<]+)<\/code>/.exec(html)?.[1] ?? ''
  const { items } = await gateway.control.client().audit.search({ id })
  return items.map(({ method, outcome, reason }) => [method, outcome, reason])
}

const browserSessions = async () => (await gateway.control.client().sessions.list()).items.filter(({ kind }) => kind === 'browser').length

test('who would get the handle of somebody else is not signed in, reads the handle, and may go back to the client', async () => {
  await new TestBrowser(gateway, 'alice').go(anAuthorization(clientId).path)
  const before = await browserSessions()
  gateway.idp.people['subject-namesake'] = { preferred_username: 'alice', name: 'Another Alice' }
  const browser = new TestBrowser(gateway, 'namesake')
  const page = await browser.go(anAuthorization(clientId).path)
  expect([page.status, titleOf(page)]).toEqual([403, 'Your name here belongs to somebody else'])
  for (const said of ['You would be “alice” here', ofAdministrator]) expect(page.html).toContain(said)
  expect(page.html).not.toContain('Try again')
  expect(await recordOf(page)).toEqual([['oauth/callback', 'refused', 'handle-taken']])
  expect(await browserSessions()).toBe(before)
  const given = await browser.submit(page, {})
  expect(Object.fromEntries(given.url.searchParams)).toMatchObject({ error: 'access_denied', state: 'state-of-the-client' })
  expect(titleOf(await browser.submit(page, {}))).toBe('This page has expired')
})

test('a form of Cancel that another page sends, or that is of another sign-in, gives nothing up', async () => {
  gateway.idp.people['subject-namesake'] = { preferred_username: 'alice' }
  const browser = new TestBrowser(gateway, 'namesake')
  const [page, other] = [await browser.go(anAuthorization(clientId).path), await browser.go(anAuthorization(clientId).path)]
  const flow = /name="flow" value="([^"]+)"/.exec(other.html)?.[1] ?? ''
  const wrong = await browser.submit(page, { flow })
  expect([wrong.status, await recordOf(wrong)]).toEqual([400, [['oauth/authorize', 'refused', 'csrf']]])
  const foreign = await browser.submit(page, {}, { origin: 'https://evil.example', accept: 'text/html' })
  expect(foreign.status).toBe(403)
  for (const each of [page, other]) expect((await browser.submit(each, {})).url.searchParams.get('error')).toBe('access_denied')
})

test('a provider whose clock is off is named, and by how many minutes, and only an administrator can mend it', async () => {
  const nowMs = Date.now()
  const isToken = (url = '') => url.startsWith('/token')
  gateway.idp.answerWith(({ url }, response) => {
    // The provider's clock is two hours late while it signs.
    if (isToken(url)) vi.useFakeTimers({ toFake: ['Date'], now: nowMs - 2 * 60 * 60_000 })
    if (isToken(url)) response.once('finish', () => vi.useRealTimers())
    return false
  })
  const page = await new TestBrowser(gateway, 'bob').go(anAuthorization(clientId).path)
  expect([page.status, titleOf(page)]).toEqual([502, 'Two clocks differ'])
  expect(page.html).toMatch(/The clocks of demo and of this gateway differ by about (?:119|120|121) min/)
  expect(page.html).toContain(ofAdministrator)
  expect(page.html).not.toContain('Try again')
  expect(await recordOf(page)).toEqual([['oauth/callback', 'refused', 'clock-off']])
})

test('a resource that is none of this gateway is said to the person where the client may not learn it, and else to the client', async () => {
  const site = { redirect_uri: 'https://app.example/callback' }
  const webClient = await registered(gateway, { redirect_uris: [site.redirect_uri] })
  const nowhere = ['https://elsewhere.example/mcp', `${MCP_URL}/mcp/nowhere`, `${MCP_URL}/mcp/a/b`]
  for (const resource of nowhere) {
    const page = await new TestBrowser(gateway).go(anAuthorization(webClient, { ...site, resource }).path)
    expect([resource, page.status, titleOf(page)]).toEqual([resource, 400, 'There is no such service here'])
    expect(page.html).toContain('In the program that sent you here')
    expect(await recordOf(page)).toEqual([['oauth/authorize', 'refused', 'unknown-resource']])
    const told = await new TestBrowser(gateway).go(anAuthorization(clientId, { resource }).path)
    expect([resource, told.url.searchParams.get('error')]).toEqual([resource, 'invalid_target'])
  }
})
