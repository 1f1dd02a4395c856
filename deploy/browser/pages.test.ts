import { consentPage } from '@bir/control-plane/pages/consent-page'
import { deviceCodePage } from '@bir/control-plane/pages/device-pages'
import { languageOf } from '@bir/control-plane/pages/kit/language-of'
import { languageRoute } from '@bir/control-plane/pages/kit/language-route'
import { everyPage } from '@bir/control-plane/pages/testing'
import { LANGUAGES } from '@bir/sdk/texts/language'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { CHROMIUM, openBrowser } from './chromium.ts'
import { htmlAnswer, startSite } from './sites.ts'
import type { Arrival, Site } from './sites.ts'

let browser: Browser

/** A site that asks for consent and sends the browser on to the client, as the authorization server does. */
const startGateway = (redirectUri: string): Promise<Site> =>
  startSite(async (arrival, origin) => {
    const { method, url, headers } = arrival
    if (method === 'POST' && url === '/oauth/consent') return { status: 303, headers: { location: `${redirectUri}?code=x` } }
    if (method === 'POST') return chooseLanguage(arrival, origin)
    const language = languageOf({ headers, url } as Parameters<typeof languageOf>[0])
    if (url.startsWith('/oauth/device')) return deviceCodePage({}, language)
    return consentPage(
      {
        flow: 'flow-1',
        csrf: 'csrf-1',
        person: { handle: 'bob', name: 'Bob Həsənov' },
        client: { name: 'Inspector', kind: 'registered' },
        redirectUri,
        resource: 'https://gateway.example/mcp',
        asksStay: true,
      },
      language,
    )
  })

function chooseLanguage({ headers, url, body }: Arrival, origin: string) {
  const exchange = { request: { headers }, url: new URL(url, origin), body: async () => Buffer.from(body) }
  return languageRoute(origin).answer(exchange as unknown as Parameters<ReturnType<typeof languageRoute>['answer']>[0])
}

/** A page of its own, and what the browser had to say about it. */
async function openPage(
  options: Parameters<Browser['newContext']>[0] = {},
): Promise<{ page: Page; context: BrowserContext; said: string[] }> {
  const context = await browser.newContext(options)
  onTestFinished(() => context.close())
  const page = await context.newPage()
  const said: string[] = []
  page.on('console', (message) => said.push(message.text()))
  return { page, context, said }
}

const start = async (site: Promise<Site>): Promise<Site> => {
  const started = await site
  onTestFinished(() => started[Symbol.asyncDispose]())
  return started
}

describe.skipIf(CHROMIUM === undefined)('in a real Chromium (skipped where there is none)', () => {
  beforeAll(async () => {
    browser = await openBrowser()
  })

  afterAll(() => browser.close())

  test('consent leads to a client on this computer, and on to wherever that client sends the browser', async () => {
    const vendor = await start(startSite(() => htmlAnswer('<h1>Welcome</h1>')))
    const client = await start(startSite(() => ({ status: 302, headers: { location: `${vendor.origin}/connected` } })))
    const gateway = await start(startGateway(`${client.origin}/callback`))
    const { page, said } = await openPage()
    await page.goto(`${gateway.origin}/oauth/consent`)
    await page.getByRole('checkbox', { name: 'Do not ask again' }).check()
    await page.getByRole('button', { name: 'Allow' }).click()
    await page.waitForURL(`${vendor.origin}/connected`)
    expect(client.arrivals.map(({ url }) => url)).toEqual(['/callback?code=x'])
    const posted = gateway.arrivals.find(({ method }) => method === 'POST')
    expect(posted?.body).toBe('flow=flow-1&csrf=csrf-1&remember=on&decision=allow')
    // The site must see that its own page sent the form; the client learns nothing of that page.
    expect(posted?.headers.origin).toBe(gateway.origin)
    expect(client.arrivals[0]?.headers.referer).toBeUndefined()
    expect(said).toEqual([])
  })

  test('consent leads to an app with a scheme of its own', async () => {
    const gateway = await start(startGateway('cursor://anysphere.cursor-mcp/oauth/callback'))
    const { page, said } = await openPage()
    const asked: string[] = []
    page.on('request', (request) => asked.push(request.url()))
    await page.goto(`${gateway.origin}/oauth/consent`)
    await page.getByRole('button', { name: 'Allow' }).click()
    await expect.poll(() => asked).toContain('cursor://anysphere.cursor-mcp/oauth/callback?code=x')
    expect(said).toEqual([])
  })

  test('a client that opened the page in a window of its own still has that window after consent', async () => {
    const client = await start(startSite(() => htmlAnswer('<h1>The client</h1>')))
    const gateway = await start(startGateway(`${client.origin}/callback`))
    const { page, context } = await openPage()
    await page.goto(client.origin)
    const opened = context.waitForEvent('page')
    await page.evaluate((url) => void window.open(url, 'consent', 'popup'), `${gateway.origin}/oauth/consent`)
    const popup = await opened
    await popup.getByRole('button', { name: 'Allow' }).click()
    await popup.waitForURL(/callback/)
    expect(await popup.evaluate(() => window.opener !== null)).toBe(true)
  })

  test('no other site can show a page in a frame', async () => {
    const gateway = await start(startGateway('https://client.example/callback'))
    const framing = await start(startSite(() => htmlAnswer(`<iframe src="${gateway.origin}/oauth/consent"></iframe>`)))
    const { page, said } = await openPage()
    await page.goto(framing.origin)
    await expect.poll(() => said.join()).toContain("frame-ancestors 'none'")
    expect(await page.frames()[1]?.getByRole('button').count()).toBe(0)
  })

  test('the keyboard alone is enough, in the order that is seen, and the focus is seen', async () => {
    const client = await start(startSite(() => htmlAnswer('<h1>The client</h1>')))
    const gateway = await start(startGateway(`${client.origin}/callback`))
    const { page } = await openPage()
    await page.goto(`${gateway.origin}/oauth/consent`)
    const focused: string[] = []
    for (let press = 0; press < 5; press += 1) {
      await page.keyboard.press('Tab')
      focused.push(
        await page.evaluate(() => {
          const element = document.activeElement as HTMLElement
          const { outlineStyle, outlineWidth } = getComputedStyle(element)
          return `${element.getAttribute('aria-label') ?? element.textContent.trim()}${element.getAttribute('type') ?? ''} ${outlineStyle} ${outlineWidth}`
        }),
      )
    }
    const inOrder = ['Not you? Sign in as another person', 'checkbox', 'checkbox', 'Deny', 'Allow']
    expect(focused).toEqual(inOrder.map((name) => `${name} solid 3px`))
    await page.keyboard.press('Enter')
    await page.waitForURL(/callback/)
  })

  test('the key Enter without a choice never allows', async () => {
    const client = await start(startSite(() => htmlAnswer('<h1>The client</h1>')))
    const gateway = await start(startGateway(`${client.origin}/callback`))
    const { page } = await openPage()
    await page.goto(`${gateway.origin}/oauth/consent`)
    await page.getByRole('checkbox', { name: 'Do not ask again' }).press('Enter')
    await page.waitForURL(/callback/)
    expect(gateway.arrivals.find(({ method }) => method === 'POST')?.body).toContain('decision=deny')
  })

  test('the language switch works without a script, and leads back to the same page', async () => {
    const gateway = await start(startGateway('https://client.example/callback'))
    const { page } = await openPage({ javaScriptEnabled: false, locale: 'tr-TR' })
    await page.goto(`${gateway.origin}/oauth/device?user_code=AAAA-BBBB`)
    expect(await page.title()).toBe('Cihaz bağlama – Bir MCP')
    await page.getByRole('button', { name: 'Azərbaycanca' }).click()
    await expect.poll(() => page.title()).toBe('Cihazın qoşulması – Bir MCP')
    expect(page.url()).toBe(`${gateway.origin}/oauth/device?user_code=AAAA-BBBB`)
  })

  test.for(LANGUAGES)('no page in %s is wider than a phone, blocks itself, or has a target too small for a finger', async (language) => {
    const long = 'Donaudampfschifffahrtsgesellschaftskapitänswitwenversicherung'
    const shapes = everyPage(long, language).filter(([name]) => !/^consent (?:administered|service)|(?:off|on)$/.test(name))
    const site = await start(startSite(({ url }) => shapes[Number(url.slice(1))]?.[1] ?? { status: 404 }))
    // The page is never wider than 27 rem, so the narrow window is the hard case. 320 CSS pixels: WCAG 2.2, 1.4.10.
    const { page, said } = await openPage({ viewport: { width: 320, height: 720 } })
    const faults: string[] = []
    for (const [at, [name]] of shapes.entries()) {
      await page.goto(`${site.origin}/${at}`)
      const found = await page.evaluate(() => {
        const small = [...document.querySelectorAll('button, a, input:not([type=hidden]), summary')].filter((element) => {
          const { width, height } = (element.closest('label') ?? element).getBoundingClientRect()
          return width < 24 || height < 24
        })
        const { scrollWidth, clientWidth } = document.documentElement
        return [...(scrollWidth > clientWidth ? ['too wide'] : []), ...small.map(({ textContent }) => `too small: ${textContent}`)]
      })
      faults.push(...found.map((fault) => `${name}: ${fault}`))
    }
    expect(faults).toEqual([])
    // Chromium reports a page with an error status; it must report nothing else.
    expect(said.filter((line) => !line.startsWith('Failed to load resource: the server responded with a status of'))).toEqual([])
  })

  test('who wants no motion sees none', async () => {
    const gateway = await start(startGateway('https://client.example/callback'))
    const { page } = await openPage({ reducedMotion: 'reduce' })
    await page.goto(`${gateway.origin}/oauth/consent`)
    expect(await page.getByRole('button', { name: 'Allow' }).evaluate((button) => getComputedStyle(button).transitionDuration)).toBe('0s')
  })
})
