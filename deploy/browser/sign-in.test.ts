import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { bootGateway } from '../testing/boot-gateway.ts'
import type { Gateway } from '../testing/boot-gateway.ts'
import { FlowClient } from '../testing/oauth/flow-client.ts'
import { CHROMIUM, openBrowser } from './chromium.ts'
import { htmlAnswer, startSite } from './sites.ts'
import type { Site } from './sites.ts'

describe.skipIf(CHROMIUM === undefined)('a person signs in with a real Chromium (skipped where there is none)', () => {
  let browser: Browser
  let gateway: Gateway
  let client: Site
  let flow: FlowClient

  beforeAll(async () => {
    ;[browser, gateway, client] = await Promise.all([
      openBrowser(),
      bootGateway(),
      startSite(() => htmlAnswer('<h1>Back at the client</h1>')),
    ])
    const { issuer, mcp } = gateway.endpoints
    flow = await FlowClient.at(issuer, { redirectUri: `${client.origin}/callback`, resource: mcp })
  })
  afterAll(async () => {
    await browser.close()
    await gateway.stop()
    await client[Symbol.asyncDispose]()
  })

  async function newPage(): Promise<Page> {
    const context = await browser.newContext()
    onTestFinished(() => context.close())
    return context.newPage()
  }

  async function signIn(page: Page, url: URL): Promise<void> {
    await page.goto(url.href)
    await page.getByLabel('Name').fill('bob')
    await page.getByLabel('Password').fill(gateway.password('bob'))
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('button', { name: 'Allow' }).waitFor()
  }

  test('signs in, allows, and is back at the client; the back button and a reload make no error', async () => {
    const page = await newPage()
    const begun = flow.begin()
    await signIn(page, begun.url)
    const consent = page.url()
    expect(await page.content()).toContain('Flow client')
    await page.getByRole('button', { name: 'Allow' }).click()
    await page.getByText('Back at the client').waitFor()
    const { status } = await flow.redeem(flow.codeOf(new URL(page.url()), begun), begun)
    expect(status).toBe(200)

    const again = await page.goto(consent)
    expect(again?.status()).toBeLessThan(500)
    expect(await page.locator('h1').count()).toBe(1)
  })

  test('denies, and the client learns it', async () => {
    const page = await newPage()
    await signIn(page, flow.begin().url)
    await page.getByRole('button', { name: 'Deny' }).click()
    await page.getByText('Back at the client').waitFor()
    expect(new URL(page.url()).searchParams.get('error')).toBe('access_denied')
  })

  test('is shown a page with an id when the client asks wrongly, and is sent nowhere', async () => {
    const page = await newPage()
    const { url } = flow.begin()
    url.searchParams.set('redirect_uri', 'http://127.0.0.1:1/elsewhere')
    const answer = await page.goto(url.href)
    expect(answer?.status()).toBe(400)
    expect(page.url()).toBe(url.href)
    expect(await page.getByRole('main').innerText()).toMatch(/[0-9a-f]{8}-[0-9a-f-]{27}/)
  })
})
