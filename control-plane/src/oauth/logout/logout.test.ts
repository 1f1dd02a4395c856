import { expect, test } from 'vitest'
import { ISSUER } from '../../internal/testing.ts'
import { aSignInGateway, anAuthorization, registered, TestBrowser } from '../testing.ts'
import type { Stop } from '../testing.ts'

const after = 'http://127.0.0.1:9999/bye'

/** A browser in which somebody is signed in. */
async function signedInBrowser(person = 'alice') {
  const gateway = await aSignInGateway()
  const clientId = await registered(gateway, { post_logout_redirect_uris: [after] })
  const browser = new TestBrowser(gateway, person)
  await browser.go(anAuthorization(clientId).path)
  const sessions = async () => (await gateway.control.client().sessions.list()).items.filter(({ kind }) => kind === 'browser')
  return { gateway, clientId, browser, sessions, [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose]() }
}

test('who signs out is asked, is signed out here, and led on to the provider, which comes back to the last page', async () => {
  await using site = await signedInBrowser('bob')
  const old = site.browser.cookies.get('bir-session') ?? ''
  expect(await site.sessions()).toHaveLength(1)
  const page = await site.browser.go('/oauth/logout')
  expect([page.status, page.html]).toEqual([200, expect.stringContaining('Sign out?')])
  expect(page.html).toContain('Bob')
  expect(await site.sessions(), 'nobody is signed out without their click').toHaveLength(1)

  const done = await site.browser.submit(page, {})
  expect(done.url.pathname + done.url.search).toBe('/oauth/logout')
  expect(done.html).toContain('You are signed out')
  expect(site.gateway.idp.asked.some((path) => path.includes('/session/end') && path.includes('id_token_hint='))).toBe(true)
  expect(await site.sessions()).toEqual([])
  expect(site.browser.cookies.has('bir-session')).toBe(false)

  site.browser.cookies.set('bir-session', old)
  expect((await site.browser.go('/oauth/logout')).html, 'the old cookie is good for nothing').toContain('You are signed out')
  expect(site.browser.cookies.has('bir-session'), 'and is removed').toBe(false)
  const [record] = (await site.gateway.control.client().audit.search({ user: 'bob', first: 50 })).items.filter(
    ({ method }) => method === 'oauth/logout',
  )
  expect(record).toMatchObject({ outcome: 'answered', user: 'bob' })
})

test('a client gets the person back, with its state, at an address that it has registered, and nobody else does', async () => {
  await using site = await signedInBrowser()
  const wish = (more: Record<string, string> = {}) =>
    `/oauth/logout?${new URLSearchParams({ client_id: site.clientId, post_logout_redirect_uri: after, state: 'its-state', ...more })}`
  for (const foreign of ['https://evil.example/', `${after}/x`, 'http://127.0.0.1:9999/callback', 'javascript:alert(1)']) {
    const page = await site.browser.go(wish({ post_logout_redirect_uri: foreign }))
    expect(page.html, foreign).toContain('Sign out?')
  }
  const done = await site.browser.submit(await site.browser.go(wish()), {})
  expect(done.url.href).toBe(`${after}?state=its-state`)

  expect((await site.browser.go(wish())).url.href, 'nobody is signed in any more').toBe(`${after}?state=its-state`)
  for (const foreign of [{ post_logout_redirect_uri: 'https://evil.example/' }, { client_id: 'nobody' }]) {
    const page = await site.browser.go(wish(foreign))
    expect([page.url.origin, page.html]).toEqual([ISSUER, expect.stringContaining('You are signed out')])
  }
})

test('after a wish for a foreign address the person is signed out, and led nowhere', async () => {
  await using site = await signedInBrowser()
  const page = await site.browser.go(
    `/oauth/logout?client_id=${site.clientId}&post_logout_redirect_uri=${encodeURIComponent('https://evil.example/')}`,
  )
  const done = await site.browser.submit(page, {})
  expect([done.url.origin, done.html]).toEqual([ISSUER, expect.stringContaining('You are signed out')])
})

test('no other page signs anybody out: a form without the secret of ours only asks, one with another is refused', async () => {
  await using site = await signedInBrowser()
  const page = await site.browser.go('/oauth/logout')
  const refused = await site.browser.submit(page, { csrf: 'guessed' })
  expect([refused.status, refused.html]).toEqual([400, expect.stringContaining('<h1>')])
  const asks = await site.browser.submit(page, { csrf: '' }, { origin: 'https://evil.example' })
  expect(asks.html).toContain('Sign out?')
  expect(await site.sessions()).toHaveLength(1)

  await using other = await signedInBrowser('bob')
  const theirs = await other.browser.go('/oauth/logout')
  const csrf = /name="csrf" value="([^"]+)"/.exec(theirs.html)?.[1] ?? ''
  expect((await site.browser.submit(page, { csrf })).status).toBe(400)
  expect(await site.sessions()).toHaveLength(1)
})

test('a form that is sent twice, or in two tabs, signs out once, and says so both times', async () => {
  await using site = await signedInBrowser()
  const [one, two] = [await site.browser.go('/oauth/logout'), await site.browser.go('/oauth/logout')]
  for (const page of [one, two, one]) expect((await site.browser.submit(page, {})).html).toContain('You are signed out')
})

test('a provider that is away keeps nobody signed in here; the person is told where they may still be', async () => {
  await using site = await signedInBrowser()
  const page = await site.browser.go('/oauth/logout')
  site.gateway.idp.answerWith((_request, response) => response.destroy())
  await site.gateway.control.restart()
  const done = await site.browser.submit(page, {})
  site.gateway.idp.answerWith()
  expect(done.html).toContain('You are signed out')
  expect(done.html).toContain('still be signed in at demo')
  expect(await site.sessions()).toEqual([])
})

const site = 'https://evil.example/phish'

// RFC 9700, section 4.11.2.
test('to a site that anybody may have registered no browser is led without a click, before, at or after a sign-out', async () => {
  await using it = await signedInBrowser('bob')
  const clientId = await registered(it.gateway, { post_logout_redirect_uris: [site] })
  const wish = { client_id: clientId, post_logout_redirect_uri: site, state: 'x' }
  const path = `/oauth/logout?${new URLSearchParams(wish)}`
  const shows = ({ url, html }: Stop) => [
    url.origin,
    /<h1>([^<]*)/.exec(html)?.[1],
    /href="(https:[^"]*)"[^>]*>([^<]*)/.exec(html)?.slice(1),
  ]
  const end = [ISSUER, 'You are signed out', [`${site}?state=x`, 'Go on to evil.example']]

  expect(shows(await new TestBrowser(it.gateway).go(path)), 'nobody is signed in').toEqual(end)
  // What a page of another site sends: the browser keeps the cookie of the session from its form.
  const stranger = new TestBrowser(it.gateway)
  const page = await it.browser.go(path)
  const forged = await stranger.submit(page, { csrf: 'x' }, { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' })
  expect(shows(forged)).toEqual(end)
  expect(await it.sessions()).toHaveLength(1)
  expect(shows(await it.browser.submit(page, {})), 'and back from the provider').toEqual(end)
  expect(await it.sessions()).toEqual([])

  await it.gateway.control.client().clients.approve({ client: clientId, approved: true })
  expect((await it.browser.go(path)).url.href, 'an administrator vouches for it').toBe(`${site}?state=x`)
})

test('a form of another site makes a browser that is signed in only ask', async () => {
  await using it = await signedInBrowser()
  const body = new URLSearchParams({ client_id: it.clientId, post_logout_redirect_uri: after, csrf: 'x' })
  const headers = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
  const answer = await it.gateway.control.get('/oauth/logout', { method: 'POST', body, headers, redirect: 'manual' })
  const question = answer.headers.get('location') ?? ''
  expect([answer.status, question]).toEqual([303, expect.stringMatching(/^\/oauth\/logout\?client_id=/)])
  expect((await it.browser.go(question)).html).toContain('Sign out?')
  expect(answer.headers.get('access-control-allow-origin')).toBeNull()
  expect(await it.sessions()).toHaveLength(1)
})
