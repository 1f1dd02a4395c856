import type { AddressInfo } from 'node:net'
import { createPortal } from '@bir/portal/server'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { CHROMIUM, openBrowser } from './chromium.ts'

let browser: Browser
let origin: string
const portal = createPortal({ host: '127.0.0.1', mcpUrl: 'http://127.0.0.1:8080', controlUrl: 'http://127.0.0.1:8081' })

/** The page, and what the browser had to say about it. */
async function open(path: string, options: Parameters<Browser['newContext']>[0] = {}) {
  const context = await browser.newContext(options)
  onTestFinished(() => context.close())
  const page = await context.newPage()
  const said: string[] = []
  page.on('console', (message) => said.push(message.text()))
  page.on('dialog', (dialog) => void dialog.dismiss().then(() => said.push('a dialog')))
  await page.goto(origin + path)
  return { page, said }
}

describe.skipIf(CHROMIUM === undefined)('the portal in a real Chromium (skipped where there is none)', () => {
  beforeAll(async () => {
    browser = await openBrowser()
    await new Promise<void>((resolve) => portal.listen(0, '127.0.0.1', resolve))
    origin = `http://127.0.0.1:${(portal.address() as AddressInfo).port}`
  })
  afterAll(async () => {
    await browser.close()
    portal.close()
  })

  test('the link of a tool that lacks a secret leads to the command for its server', async () => {
    const { page, said } = await open('/secrets#gitlab')
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Your secret for gitlab')
    expect(await page.locator('pre').first().textContent()).toBe('bir login --url http://127.0.0.1:8081\nbir secret put gitlab')
    await page.evaluate(() => void (location.hash = 'jira-2'))
    await expect.poll(() => page.getByRole('heading', { level: 1 }).textContent()).toBe('Your secret for jira-2')
    expect(said).toEqual([])
  })

  test.for([
    '#<img src=x onerror=alert(1)>',
    '#%3Cscript%3Ealert(1)%3C/script%3E',
    '#a b',
    '#GitLab;rm -rf',
    `#${'a'.repeat(33)}`,
    '#',
    '',
  ])('what is no id of a server is not shown: %s', async (hash) => {
    const { page, said } = await open(`/secrets${hash}`)
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Your secret for a server')
    expect(await page.locator('pre').first().textContent()).toContain('bir secret put <server>')
    expect(await page.locator('img').count()).toBe(0)
    expect(said).toEqual([])
  })

  test('without a script it says the same for any server, and fits a phone', async () => {
    const { page } = await open('/secrets#gitlab', { javaScriptEnabled: false, viewport: { width: 320, height: 720 } })
    expect(await page.locator('pre').first().textContent()).toContain('bir secret put <server>')
    const fits = await open('/secrets#gitlab', { viewport: { width: 320, height: 720 } })
    expect(await fits.page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(320)
  })
})
