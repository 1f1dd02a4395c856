import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { startReplicas } from '../bench/flows/replicas.ts'
import type { Replicas } from '../bench/flows/replicas.ts'
import { serveMetadataDocument } from '../e2e/identity/metadata-document.ts'
import { FlowClient } from '../testing/oauth/flow-client.ts'
import { CHROMIUM, openBrowser } from './chromium.ts'
import { htmlAnswer, startSite } from './sites.ts'
import type { Site } from './sites.ts'

/** The id on an error page, which `bir audit search --id` finds. */
const anId = /[0-9a-f]{8}-[0-9a-f-]{27}/

describe.skipIf(CHROMIUM === undefined)('the whole way of a person in a real Chromium (skipped where there is none)', () => {
  let browser: Browser
  let gateway: Replicas
  let client: Site
  let flow: FlowClient

  beforeAll(async () => {
    ;[browser, gateway, client] = await Promise.all([
      openBrowser(),
      startReplicas(1),
      startSite(() => htmlAnswer('<h1>Back at the client</h1>')),
    ])
    flow = await FlowClient.at(gateway.issuer, { redirectUri: `${client.origin}/callback` })
  })
  afterAll(async () => {
    await browser.close()
    await gateway[Symbol.asyncDispose]()
    await client[Symbol.asyncDispose]()
  })

  async function newPage(options: Parameters<Browser['newContext']>[0] = {}): Promise<{ page: Page; context: BrowserContext }> {
    const context = await browser.newContext(options)
    onTestFinished(() => context.close())
    return { page: await context.newPage(), context }
  }

  async function signInAtProvider(page: Page, handle: string): Promise<void> {
    await page.getByLabel('Name').fill(handle)
    await page.getByLabel('Password').fill(gateway.passwords[handle] ?? '')
    await page.getByRole('button', { name: 'Sign in' }).click()
  }

  /** As far as the question whether the client may. */
  async function toConsent(page: Page, url: URL, handle = 'bob'): Promise<void> {
    await page.goto(url.href)
    await signInAtProvider(page, handle)
    await page.waitForURL(/\/oauth\/consent/)
  }

  const arrived = async (page: Page) => {
    await page.getByText('Back at the client').waitFor()
    return new URL(page.url()).searchParams
  }

  /** The handle of the person that an access token is of. */
  async function personOf(token = ''): Promise<string> {
    const [, payload = ''] = token.split('.')
    const { sub } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { sub: string }
    return (await gateway.db.selectFrom('users').select('handle').where('id', '=', sub).executeTakeFirstOrThrow()).handle
  }

  test('who denies comes back to the client, which learns it, and from whom', async () => {
    const { page } = await newPage()
    const begun = flow.begin()
    await toConsent(page, begun.url)
    await page.getByRole('button', { name: 'Deny' }).click()
    const { error, iss, state } = Object.fromEntries(await arrived(page))
    expect({ error, iss, state }).toEqual({ error: 'access_denied', iss: gateway.issuer, state: begun.state })
  })

  test('nothing is sent to an unknown client, or to an address that is not the client’s', async () => {
    const { page } = await newPage()
    const before = client.arrivals.length
    const unknown = flow.begin().url
    unknown.searchParams.set('client_id', 'nobody')
    const elsewhere = flow.begin().url
    elsewhere.searchParams.set('redirect_uri', `${client.origin}/elsewhere`)
    for (const [url, title] of [
      [unknown, 'This program is not known here'],
      [elsewhere, 'This link cannot be trusted'],
    ] as const) {
      const answer = await page.goto(url.href)
      expect([answer?.status(), page.url()]).toEqual([400, url.href])
      expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe(title)
      expect(await page.getByRole('main').innerText()).toMatch(anId)
    }
    expect(client.arrivals.length).toBe(before)
  })

  test('a client whose site has a certificate of nobody known is refused, and an administrator reads how to trust it', async () => {
    const { page } = await newPage()
    await using document = await serveMetadataDocument('Described client', [flow.redirectUri])
    const value = JSON.stringify({ metadataHosts: [document.host] })
    await gateway.db.insertInto('policy_sections').values({ name: 'clients', value }).execute()
    const described = await FlowClient.at(gateway.issuer, { id: document.url, redirectUri: flow.redirectUri })
    await page.goto(described.begin().url.href)
    expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe('The program could not be checked')
    expect(await page.getByRole('main').innerText()).toContain('NODE_EXTRA_CA_CERTS')
    expect(document.fetched()).toBe(0)
  })

  test('a page of a sign-in is of no use in another browser, and none after it has expired', async () => {
    const { page } = await newPage()
    await toConsent(page, flow.begin().url)
    const { page: other } = await newPage()
    await other.goto(flow.begin().url.href)
    const answer = await other.goto(page.url())
    expect(answer?.status()).toBe(400)
    expect(await other.getByRole('heading', { level: 1 }).innerText()).toBe('This sign-in began elsewhere')

    await gateway.db
      .updateTable('sign_ins')
      .set({ expires_at: new Date(0) })
      .execute()
    await page.getByRole('button', { name: 'Allow' }).click()
    await page.getByRole('heading', { name: 'This page has expired' }).waitFor()
    expect(await page.getByRole('main').innerText()).toMatch(anId)
  })

  test('“Not you?” leads to the provider, and whoever signs in there is asked', async () => {
    const { page } = await newPage()
    const begun = flow.begin()
    await toConsent(page, begun.url, 'bob')
    expect(await page.getByRole('main').innerText()).toContain('Bob Həsənov')
    await page.getByRole('button', { name: 'Not you?' }).click()
    await signInAtProvider(page, 'alice')
    await page.waitForURL(/\/oauth\/consent/)
    expect(await page.getByRole('main').innerText()).toContain('Alice Məmmədova')
    await page.getByRole('button', { name: 'Allow' }).click()
    await arrived(page)
    const { tokens } = await flow.redeem(flow.codeOf(new URL(page.url()), begun), begun)
    expect(await personOf(tokens?.access_token)).toBe('alice')
  })

  test('“Not you?” on the page of a device leads to the provider, and the device acts for whoever signs in there', async () => {
    const { page } = await newPage()
    const post = async <T>(path: string, form: Record<string, string>) => {
      const body = new URLSearchParams({ client_id: 'bir', ...form })
      return (await fetch(gateway.issuer + path, { method: 'POST', body }).then((answer) => answer.json())) as T
    }
    type Codes = Record<'device_code' | 'user_code' | 'verification_uri_complete', string>
    const codes = await post<Codes>('/oauth/device', { resource: `${gateway.issuer}/api` })
    await page.goto(codes.verification_uri_complete)
    await signInAtProvider(page, 'bob')
    const shown = () => page.getByRole('main').innerText()
    await expect.poll(shown).toContain('Bob Həsənov')
    await page.getByRole('button', { name: 'Not you?' }).click()
    await signInAtProvider(page, 'alice')
    await expect.poll(shown).toContain('Alice Məmmədova')
    expect(await shown()).toContain(codes.user_code)
    await page.getByRole('button', { name: 'Allow' }).click()
    await page.getByRole('heading', { name: 'Connected' }).waitFor()
    const grant_type = 'urn:ietf:params:oauth:grant-type:device_code'
    const { access_token } = await post<{ access_token: string }>('/oauth/token', { grant_type, device_code: codes.device_code })
    expect(await personOf(access_token)).toBe('alice')
  })

  test('who asked not to be asked again is not, but is where the page of somebody else leads there', async () => {
    const { page } = await newPage()
    await toConsent(page, flow.begin().url, 'carol')
    await page.getByRole('checkbox', { name: 'Do not ask again for this program' }).check()
    await page.getByRole('button', { name: 'Allow' }).click()
    await arrived(page)
    const begun = flow.begin()
    await page.goto(begun.url.href)
    expect(flow.codeOf(new URL(`${page.url().split('?')[0]}?${await arrived(page)}`), begun)).not.toBe('')

    const link = flow.begin().url.href.replaceAll('&', '&amp;')
    const lure = await startSite(() => htmlAnswer(`<a href="${link}">A cat</a>`))
    onTestFinished(() => lure[Symbol.asyncDispose]())
    // Another port is another origin, but not another site: the name makes it one.
    for (const origin of [lure.origin, lure.origin.replace('127.0.0.1', 'localhost')]) {
      await page.goto(origin)
      await page.getByRole('link', { name: 'A cat' }).click()
      await page.getByRole('button', { name: 'Allow' }).waitFor()
    }
  })

  test('the language changes on the question itself, which is answered then as before', async () => {
    const { page } = await newPage()
    await toConsent(page, flow.begin().url)
    const { href } = new URL(page.url())
    await page.getByRole('button', { name: 'Azərbaycanca' }).click()
    await expect.poll(() => page.locator('html').getAttribute('lang')).toBe('az')
    expect(page.url()).toBe(href)
    await page.getByRole('button', { name: 'İcazə ver' }).click()
    expect((await arrived(page)).get('code')).not.toBeNull()
  })

  test('no page of a sign-in can be framed', async () => {
    const { page } = await newPage()
    const framing = await startSite(() => htmlAnswer(`<iframe src="${flow.begin().url.href.replaceAll('&', '&amp;')}"></iframe>`))
    onTestFinished(() => framing[Symbol.asyncDispose]())
    const said: string[] = []
    page.on('console', (message) => said.push(message.text()))
    await toConsent(page, flow.begin().url)
    await page.goto(framing.origin)
    await expect.poll(() => said.join()).toContain("frame-ancestors 'none'")
    expect(await page.frames()[1]?.getByRole('button').count()).toBe(0)
  })

  test('while the provider is away a page says so, and from there the person goes on once it is back', async () => {
    const { page } = await newPage()
    // A control plane that has met the provider knows its addresses still.
    await gateway.kill(0)
    await gateway.stopProvider()
    await gateway.restart(0)
    await page.goto(flow.begin().url.href)
    expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe('The sign-in does not answer')
    expect(await page.getByRole('main').innerText()).toMatch(anId)
    await gateway.startProvider()
    await expect
      .poll(async () => {
        await page.getByRole('link', { name: 'Try again' }).click()
        return page.getByLabel('Password').count()
      })
      .toBe(1)
    await signInAtProvider(page, 'dave')
    await page.getByRole('button', { name: 'Allow' }).click()
    expect((await arrived(page)).get('code')).not.toBeNull()
  })
})
