import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { ISSUER } from '../../internal/testing.ts'
import { anAuthorization, aSignInGateway, REDIRECT_URI, registered, TestBrowser, tokens } from '../testing.ts'
import type { Stop } from '../testing.ts'

/* Attacks with a person's browser: forms and links of others, cookies of others, and what is no attack but happens. */

let gateway: Awaited<ReturnType<typeof aSignInGateway>>
let clientId: string
beforeAll(async () => {
  gateway = await aSignInGateway()
  clientId = await registered(gateway)
})
afterAll(() => gateway[Symbol.asyncDispose]())

/* Each of two people has only so many records of refusals in a second, and each test reads those of its own. */
const second = () => Math.floor(Date.now() / 1000)
beforeEach(async () => {
  const before = second()
  await expect.poll(second).toBeGreaterThan(before)
})

const browserOf = (person: 'alice' | 'bob') => new TestBrowser(gateway, person)
const asked = (browser: TestBrowser): Promise<Stop> => browser.go(anAuthorization(clientId).path)
const codeIn = ({ url }: Stop) => url.searchParams.get('code')
const fieldOf = ({ html }: Stop, name: string) => new RegExp(`name="${name}" value="([^"]*)"`).exec(html)?.[1] ?? ''
const reasonOf = async ({ html }: Stop) => {
  const id = /<code class="id">([^<]+)<\/code>/.exec(html)?.[1] ?? ''
  const { items } = await gateway.control.client().audit.search({ id })
  return items[0]?.reason
}

/** The address at the provider to which the gateway sends this browser. */
async function begun(browser: TestBrowser): Promise<URL> {
  browser.staysAtProvider = true
  const { url } = await asked(browser)
  browser.staysAtProvider = false
  return url
}

/** Where the provider sends the person back to. */
async function callbackOf(browser: TestBrowser, person: 'alice' | 'bob'): Promise<string> {
  const { pathname, search } = await gateway.idp.signIn(await begun(browser), `subject-${person}`)
  return pathname + search
}

// CSRF on consent: RFC 6819, section 4.4.1.8; RFC 9700, section 4.7.
test('consent is given by the form of the page that was shown, and by nothing else', async () => {
  const browser = browserOf('alice')
  const [consent, other] = [await asked(browser), await asked(browser)]
  const wrong: [Record<string, string>, string][] = [
    [{ csrf: '' }, 'csrf'],
    [{ csrf: 'x'.repeat(43) }, 'csrf'],
    [{ csrf: fieldOf(other, 'csrf') }, 'csrf'],
    [{ csrf: fieldOf(await asked(browserOf('bob')), 'csrf') }, 'csrf'],
    [{ decision: 'maybe' }, 'stale-form'],
    [{ flow: 'x'.repeat(43) }, 'sign-in-expired'],
  ]
  for (const [fields, reason] of wrong) {
    const refused = await browser.submit(consent, { decision: 'allow', ...fields })
    expect([refused.status, codeIn(refused), await reasonOf(refused)]).toEqual([400, null, reason])
  }
  const foreign = await browser.submit(consent, { decision: 'allow' }, { origin: 'https://evil.example', accept: 'text/html' })
  expect([foreign.status, codeIn(foreign)]).toEqual([403, null])
  const sandboxed = await browser.submit(consent, { decision: 'allow' }, { origin: 'null' })
  expect([sandboxed.status, codeIn(sandboxed)]).toEqual([403, null])
  expect(codeIn(await browser.submit(consent, { decision: 'allow' }))).toMatch(/^[\w-]{43}$/)
})

test('cookies that were stolen one by one, or belong to two people, give no consent', async () => {
  const [alice, bob] = [browserOf('alice'), browserOf('bob')]
  const consent = await asked(alice)
  await asked(bob)
  const cookie = (browser: TestBrowser, name: string) => browser.cookies.get(name) ?? ''
  const thefts: Record<string, string>[] = [
    { 'bir-browser': cookie(alice, 'bir-browser') },
    { 'bir-session': cookie(alice, 'bir-session') },
    { 'bir-browser': cookie(alice, 'bir-browser'), 'bir-session': cookie(bob, 'bir-session') },
    { 'bir-browser': cookie(bob, 'bir-browser'), 'bir-session': cookie(alice, 'bir-session') },
    { 'bir-browser': cookie(alice, 'bir-browser'), 'bir-session': `${cookie(alice, 'bir-session').slice(0, -4)}AAAA` },
    {},
  ]
  for (const cookies of thefts) {
    const thief = new TestBrowser(gateway, 'bob')
    for (const [name, value] of Object.entries(cookies)) thief.cookies.set(name, value)
    const refused = await thief.submit(consent, { decision: 'allow' })
    expect([refused.status, codeIn(refused)]).toEqual([400, null])
  }
  expect(codeIn(await alice.submit(consent, { decision: 'allow' }))).not.toBeNull()
})

// Login CSRF and session fixation: RFC 6749, section 10.12; RFC 9700, section 4.7.
test('a sign-in goes on only in the browser where it began', async () => {
  const [attacker, victim] = [browserOf('bob'), browserOf('alice')]
  const callback = await callbackOf(attacker, 'bob')
  const injected = await victim.go(callback, { 'sec-fetch-site': 'cross-site' })
  expect([injected.status, victim.cookies.has('bir-session')]).toEqual([400, false])
  expect(await reasonOf(injected)).toBe('browser-mismatch')

  await asked(victim)
  const mine = victim.cookies.get('bir-session')
  const again = await victim.go(callback, { 'sec-fetch-site': 'cross-site' })
  expect([again.status, victim.cookies.get('bir-session')]).toEqual([400, mine])

  const flow = new URL(callback, ISSUER).searchParams.get('state')?.split('.')[0] ?? ''
  for (const page of [`/oauth/consent?flow=${flow}`, `/oauth/sign-in?flow=${flow}`]) {
    const opened = await victim.go(page)
    expect([opened.status, await reasonOf(opened)]).toEqual([400, 'browser-mismatch'])
  }
})

test('nobody can have chosen the session of somebody who signs in', async () => {
  const [attacker, victim] = [browserOf('bob'), browserOf('alice')]
  await asked(attacker)
  const planted = attacker.cookies.get('bir-session') ?? ''
  victim.cookies.set('bir-session', planted)
  const consent = await victim.submit(await asked(victim), { decision: 'other-person' })
  expect(consent.html.includes('Alice')).toBe(true)
  expect(victim.cookies.get('bir-session')).not.toBe(planted)
  const other = await asked(attacker)
  expect(other.html.includes('Alice')).toBe(false)
})

// Code injection at the provider: RFC 9700, section 4.5. Mix-up: RFC 9207; RFC 9700, section 4.4.
test('an answer of another sign-in, of another provider or of nobody signs nobody in', async () => {
  const [attacker, victim] = [browserOf('bob'), browserOf('alice')]
  const stolen = new URL(await callbackOf(attacker, 'bob'), ISSUER).searchParams.get('code') ?? ''
  const own = new URL(await callbackOf(victim, 'alice'), ISSUER)
  const changed = (change: (params: URLSearchParams) => void, path = own.pathname) => {
    const params = new URLSearchParams(own.search)
    change(params)
    return `${path}?${params}`
  }
  const attempts: [string, string | undefined][] = [
    [changed((params) => params.set('code', stolen)), undefined],
    [changed((params) => params.set('iss', 'https://other.example')), 'sign-in-mismatch'],
    [changed((params) => params.delete('iss')), 'sign-in-mismatch'],
    [changed(() => {}, '/oauth/callback/other'), 'provider-mix-up'],
    [changed(() => {}, '/oauth/callback/'), 'provider-mix-up'],
    [changed((params) => params.delete('state')), 'state-missing'],
    [changed((params) => params.set('state', 'x.y')), 'sign-in-expired'],
    [changed((params) => params.append('state', 'x.y')), 'state-missing'],
    [changed((params) => params.set('state', `${params.get('state')}x`)), undefined],
  ]
  for (const [path, reason] of attempts) {
    const refused = await victim.go(path, { 'sec-fetch-site': 'cross-site' })
    expect([path, refused.status < 500, victim.cookies.has('bir-session')]).toEqual([path, true, false])
    if (reason !== undefined) expect(await reasonOf(refused)).toBe(reason)
    expect(refused.html).not.toContain('other.example')
  }
})

test('who cancels, or whose provider fails, finds the way back to the same sign-in', async () => {
  const browser = browserOf('alice')
  const { pathname, search } = await gateway.idp.deny(await begun(browser))
  const cancelled = await browser.go(pathname + search, { 'sec-fetch-site': 'cross-site' })
  expect([cancelled.status, await reasonOf(cancelled)]).toEqual([403, 'sign-in-denied'])
  const retry = /href="(\/oauth\/sign-in\?flow=[^"]+)"/.exec(cancelled.html)?.[1] ?? ''
  const consent = await browser.go(retry, { 'sec-fetch-site': 'same-origin' })
  expect(codeIn(await browser.submit(consent, { decision: 'allow' }))).not.toBeNull()
})

test('a cookie that was tampered with is none, and the person signs in again', async () => {
  const browser = browserOf('alice')
  await asked(browser)
  const [header = '', ...rest] = (browser.cookies.get('bir-session') ?? '').split('.')
  for (const value of [`${header}.AAAA.${rest.slice(1).join('.')}`, 'x', 'e30...', `${header}....`, 'A'.repeat(5000)]) {
    browser.cookies.set('bir-session', value)
    expect((await asked(browser)).html.includes('Alice')).toBe(true)
  }
  browser.cookies.set('bir-browser', "'; drop table users; --")
  expect((await asked(browser)).html.includes('Alice')).toBe(true)
})

test('two tabs, the back button, a reload and a second click are ordinary things', async () => {
  const browser = browserOf('alice')
  const callback = await callbackOf(browser, 'alice')
  const consent = await browser.go(callback, { 'sec-fetch-site': 'cross-site' })
  const reloaded = await browser.go(callback, { 'sec-fetch-site': 'cross-site' })
  expect([consent.status, reloaded.status, fieldOf(reloaded, 'flow')]).toEqual([200, 200, fieldOf(consent, 'flow')])

  const otherTab = await asked(browser)
  const answers = await Promise.all([1, 2, 3].map(() => browser.submit(consent, { decision: 'allow' })))
  expect(answers.filter((answer) => codeIn(answer) !== null)).toHaveLength(1)
  expect(answers.every(({ status }) => status === 303 || status === 400)).toBe(true)
  const late = await browser.submit(consent, { decision: 'deny' })
  expect([late.status, await reasonOf(late)]).toEqual([400, 'answered-already'])
  const back = await browser.go(`/oauth/consent?flow=${fieldOf(consent, 'flow')}`)
  const callbackAgain = await browser.go(callback, { 'sec-fetch-site': 'cross-site' })
  const choice = await browser.go(`/oauth/sign-in?flow=${fieldOf(consent, 'flow')}`)
  for (const finished of [back, callbackAgain, choice]) {
    expect([finished.status, finished.url.origin]).toEqual([200, ISSUER])
    expect(finished.html).toContain('This is finished')
  }
  const elsewhere = await browserOf('alice').go(`/oauth/consent?flow=${fieldOf(consent, 'flow')}`)
  expect(elsewhere.html).not.toContain('This is finished')

  expect(codeIn(await browser.submit(otherTab, { decision: 'allow' }))).not.toBeNull()
})

test('a page that has expired says so', async () => {
  const browser = browserOf('alice')
  const consent = await asked(browser)
  await gateway.control.db
    .updateTable('sign_ins')
    .set({ expires_at: new Date(0) })
    .execute()
  const late = await browser.submit(consent, { decision: 'allow' })
  expect([late.status, codeIn(late), await reasonOf(late)]).toEqual([400, null, 'sign-in-expired'])
})

test('a form of the person who was signed in before counts no more', async () => {
  const browser = browserOf('alice')
  const consent = await asked(browser)
  await gateway.control.db.updateTable('sessions').set({ ended_at: new Date() }).where('kind', '=', 'browser').execute()
  const refused = await browser.submit(consent, { decision: 'allow' })
  expect([refused.url.pathname, codeIn(refused)], 'signed in again, and asked again').toEqual(['/oauth/consent', null])
})

test('what a page or an address gave away is good for nobody without the client', async () => {
  const browser = browserOf('alice')
  const given = await browser.submit(await asked(browser), { decision: 'allow' })
  expect(given.headers.get('referrer-policy')).toBe('no-referrer')
  const form = { grant_type: 'authorization_code', client_id: clientId, redirect_uri: REDIRECT_URI, code: codeIn(given) ?? '' }
  for (const code_verifier of ['', 'x'.repeat(43), 'plain']) expect((await tokens(gateway, { ...form, code_verifier })).status).toBe(400)
})
