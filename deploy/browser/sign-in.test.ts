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
    const visited: string[] = []
    page.on('request', (request) => visited.push(request.url()))
    const begun = flow.begin()
    await signIn(page, begun.url)
    const consent = page.url()
    expect(await page.content()).toContain('Flow client')
    await page.getByRole('button', { name: 'Allow' }).click()
    await page.getByText('Back at the client').waitFor()
    const { status } = await flow.redeem(flow.codeOf(new URL(page.url()), begun), begun)
    expect(status).toBe(200)

    const callback = visited.find((url) => url.includes('/oauth/callback/')) ?? ''
    for (const again of [() => page.goBack(), () => page.reload(), () => page.goto(callback), () => page.goto(consent)]) {
      const answer = await again()
      expect(answer?.status() ?? 200, page.url()).toBeLessThan(500)
      expect(await page.locator('h1').count(), page.url()).toBe(1)
    }
  })

  test('signs out at the gateway and at the provider', async () => {
    const page = await newPage()
    await signIn(page, flow.begin().url)
    await page.goto(`${gateway.endpoints.issuer}/oauth/logout`)
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('button', { name: 'Sign out here too' }).click()
    await page.waitForURL(`${gateway.endpoints.issuer}/**`)
    await page.goto(flow.begin().url.href)
    await page.getByLabel('Password').waitFor()
  })
})
