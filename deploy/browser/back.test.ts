import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { startReplicas } from '../bench/flows/replicas.ts'
import type { Replicas } from '../bench/flows/replicas.ts'
import { FlowClient } from '../testing/oauth/flow-client.ts'
import { CHROMIUM, openBrowser } from './chromium.ts'
import { htmlAnswer, startSite } from './sites.ts'
import type { Site } from './sites.ts'

describe.skipIf(CHROMIUM === undefined)('back, forward and reload in a real Chromium (skipped where there is none)', () => {
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
    // Nothing listens there: a second provider, which is down.
    const corp = { issuer: 'http://127.0.0.1:1', clientId: 'gateway', domains: ['corp.example'] }
    await gateway.db
      .insertInto('policy_sections')
      .values({ name: 'providers', value: JSON.stringify({ corp }) })
      .execute()
  })
  afterAll(async () => {
    await browser.close()
    await gateway[Symbol.asyncDispose]()
    await client[Symbol.asyncDispose]()
  })

  /** A page, and the forms that were answered with a page of the gateway instead of an address to go to. */
  async function newPage(): Promise<{ page: Page; pagesOfForms: string[] }> {
    const context = await browser.newContext()
    onTestFinished(() => context.close())
    const page = await context.newPage()
    const pagesOfForms: string[] = []
    page.on('response', (response) => {
      const isForm = response.request().method() === 'POST' && response.url().startsWith(gateway.issuer)
      if (isForm && response.status() !== 303) pagesOfForms.push(`${response.status()} ${response.url()}`)
    })
    return { page, pagesOfForms }
  }

  /** What a person reads who comes back to what they have answered in this browser. */
  const finished = 'This is finished'
  const heading = (page: Page) => page.getByRole('heading', { level: 1 })
  const shows = (page: Page, title: string) => expect.poll(() => heading(page).innerText()).toBe(title)

  /** Where Chromium would ask whether to send a form again, it shows a page of its own instead. */
  async function survives(page: Page, before: string, here: string): Promise<void> {
    await page.goBack()
    await shows(page, before)
    await page.goForward()
    await shows(page, here)
    await page.reload()
    await shows(page, here)
  }

  async function signIn(page: Page, handle: string): Promise<void> {
    await page.getByRole('button', { name: 'Continue with demo' }).click()
    await page.getByLabel('Name').fill(handle)
    await page.getByLabel('Password').fill(gateway.passwords[handle] ?? '')
    await page.getByRole('button', { name: 'Sign in' }).click()
  }

  async function choose(page: Page, email: string): Promise<void> {
    await page.getByLabel('Work e-mail').fill(email)
    await page.getByRole('button', { name: 'Continue', exact: true }).click()
  }

  test('an address that chooses no provider is said to be none, at an address that can be left, come back to and reloaded', async () => {
    const { page, pagesOfForms } = await newPage()
    await page.goto(flow.begin().url.href)
    await choose(page, 'bob@nowhere.example')
    const fault = page.getByRole('alert')
    expect(await fault.innerText()).toContain('nowhere.example')
    await page.goBack()
    await shows(page, 'Sign in')
    expect(await fault.count()).toBe(0)
    await page.goForward()
    await expect.poll(() => fault.count()).toBe(1)
    await page.reload()
    expect([await fault.count(), await page.getByLabel('Work e-mail').inputValue()]).toEqual([1, 'bob@nowhere.example'])
    await page.getByRole('button', { name: 'Azərbaycanca' }).click()
    await expect.poll(() => page.locator('html').getAttribute('lang')).toBe('az')
    expect(await fault.innerText()).toContain('nowhere.example')
    expect(pagesOfForms).toEqual([])
  })

  test('from a provider that is down a person goes to another one, or back to the client, which learns that they gave up', async () => {
    const { page, pagesOfForms } = await newPage()
    const begun = flow.begin()
    await page.goto(begun.url.href)
    await choose(page, 'bob@corp.example')
    const down = 'The sign-in does not answer'
    await shows(page, down)
    await survives(page, 'Sign in', down)
    await page.getByRole('link', { name: 'Try again' }).click()
    await shows(page, down)
    await page.getByRole('link', { name: 'Choose another way to sign in' }).click()
    await signIn(page, 'bob')
    await page.getByRole('button', { name: 'Allow' }).waitFor()

    const { page: other } = await newPage()
    const given = flow.begin()
    await other.goto(given.url.href)
    await choose(other, 'bob@corp.example')
    await other.getByRole('button', { name: 'Cancel' }).click()
    await other.getByText('Back at the client').waitFor()
    const { error, state, iss } = Object.fromEntries(new URL(other.url()).searchParams)
    expect({ error, state, iss }).toEqual({ error: 'access_denied', state: given.state, iss: gateway.issuer })
    expect(pagesOfForms).toEqual([])
  })

  test('the question whether the client may is left and come back to, before the answer and after it', async () => {
    const { page, pagesOfForms } = await newPage()
    await page.goto(flow.begin().url.href)
    await signIn(page, 'alice')
    const question = 'Allow “Flow client” to act for you?'
    await shows(page, question)
    await page.reload()
    await shows(page, question)
    const second = await page.context().newPage()
    await second.goto(page.url())
    await page.getByRole('button', { name: 'Deny' }).click()
    await page.getByText('Back at the client').waitFor()
    await survives(page, finished, 'Back at the client')
    await page.goBack()
    await shows(page, finished)
    await page.getByRole('button', { name: 'Türkçe' }).click()
    await shows(page, 'Bu işlem tamamlandı')
    await page.getByRole('button', { name: 'English' }).click()
    await shows(page, finished)
    await second.getByRole('button', { name: 'Allow' }).click()
    await shows(second, 'This page has expired')
    await survives(second, finished, 'This page has expired')

    const { page: allowed } = await newPage()
    await allowed.goto(flow.begin().url.href)
    await signIn(allowed, 'alice')
    await allowed.getByRole('button', { name: 'Allow' }).click()
    await allowed.getByText('Back at the client').waitFor()
    await survives(allowed, finished, 'Back at the client')
    expect(pagesOfForms).toEqual([])
  })

  test('a device is connected once, however often the page is left, come back to and reloaded', async () => {
    const { page, pagesOfForms } = await newPage()
    const body = new URLSearchParams({ client_id: 'bir', resource: `${gateway.issuer}/api` })
    const asked = await fetch(`${gateway.issuer}/oauth/device`, { method: 'POST', body })
    const { user_code: code } = (await asked.json()) as { user_code: string }
    await page.goto(`${gateway.issuer}/oauth/device`)
    await page.getByLabel('Code').fill('nonsense')
    await page.getByRole('button', { name: 'Continue' }).click()
    expect(await page.getByRole('alert').innerText()).toContain('unknown or has expired')
    await survives(page, 'Connect a device', 'Connect a device')
    await page.getByLabel('Code').fill(code)
    await page.getByRole('button', { name: 'Continue' }).click()
    await signIn(page, 'carol')
    await shows(page, 'Connect “bir”?')
    await page.getByRole('button', { name: 'Allow' }).click()
    await shows(page, 'Connected')
    await survives(page, finished, 'Connected')
    const { page: other } = await newPage()
    await other.goto(`${gateway.issuer}/oauth/device?user_code=${code}`)
    await signIn(other, 'carol')
    await shows(other, 'Connect a device')
    await page.getByRole('button', { name: 'Türkçe' }).click()
    await expect.poll(() => page.locator('html').getAttribute('lang')).toBe('tr')
    expect(pagesOfForms).toEqual([])
  })

  test('who has signed out goes back, and is signed out still', async () => {
    const { page, pagesOfForms } = await newPage()
    await page.goto(`${gateway.issuer}/oauth/sign-in`)
    await signIn(page, 'dave')
    await shows(page, 'Done')
    await page.goto(`${gateway.issuer}/oauth/logout`)
    await page.reload()
    const second = await page.context().newPage()
    await second.goto(page.url())
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('button', { name: 'Sign out here too' }).click()
    await shows(page, 'You are signed out')
    await second.getByRole('button', { name: 'Sign out' }).click()
    await shows(second, 'You are signed out')
    await survives(second, 'You are signed out', 'You are signed out')
    expect(pagesOfForms).toEqual([])
  })
})
