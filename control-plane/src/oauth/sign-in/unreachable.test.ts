import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { LANGUAGES } from '@bir/sdk/texts/language'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { anAuthorization, aSignInGateway, registered, TestBrowser } from '../testing.ts'
import type { Stop } from '../testing.ts'

/* A provider that fails before anybody gets there is named on the page, however the person came to it. */

let gateway: Awaited<ReturnType<typeof aSignInGateway>>
let clientId: string
let failing: ReturnType<typeof createServer>
beforeAll(async () => {
  gateway = await aSignInGateway()
  clientId = await registered(gateway)
  failing = createServer((_request, response) => void response.writeHead(404).end('{}')).listen(0, '127.0.0.1')
  await once(failing, 'listening')
  const at = (issuer: string, more: object) => ({ issuer, clientId: 'gateway', ...more })
  const providers = {
    byDomain: at('http://127.0.0.1:1', { title: 'Down by domain', domains: ['down.example'] }),
    byChoice: at('http://127.0.0.1:2', { title: 'Down by choice' }),
    wrong: at(`http://127.0.0.1:${(failing.address() as AddressInfo).port}`, { title: 'Wrong by choice' }),
    keyless: at('http://127.0.0.1:3', { title: 'Without its secret', clientSecret: { secret: 'nowhere' } }),
  }
  await gateway.control.db
    .insertInto('policy_sections')
    .values({ name: 'providers', value: JSON.stringify(providers) })
    .execute()
})
afterAll(async () => {
  failing.close()
  await gateway[Symbol.asyncDispose]()
})

const leadOf = ({ html }: Stop) => /<p class="lead">([^<]*)/.exec(html)?.[1]
const retryOf = ({ html }: Stop) =>
  (/<a class="button main" href="([^"]*)"/.exec(html)?.[1] ?? '').replaceAll('&#38;', '&').replaceAll('&amp;', '&')

async function shown(fields: Record<string, string>, language: string) {
  const browser = new TestBrowser(gateway)
  browser.headers = { 'accept-language': language }
  const first = await browser.submit(await browser.go(anAuthorization(clientId).path), fields)
  const reloaded = await browser.go(first.url.pathname + first.url.search)
  const retry = retryOf(first)
  return { first, pages: [first, reloaded, ...(retry === '' ? [] : [await browser.go(retry), await browser.go(retry)])] }
}

test.for(LANGUAGES)(
  'a provider that cannot be reached is named in %s, by domain and by choice, at first, reloaded and tried again',
  async (language) => {
    for (const [fields, title] of [
      [{ email: 'bob@down.example' }, 'Down by domain'],
      [{ provider: 'byChoice' }, 'Down by choice'],
    ] as const) {
      const { pages } = await shown(fields, language)
      expect(pages).toHaveLength(4)
      for (const page of pages) {
        expect(page.status).toBe(502)
        expect(leadOf(page)).toContain(title)
      }
    }
  },
)

test.for(LANGUAGES)('a provider that answers wrongly, or is set up wrongly, is named in %s too', async (language) => {
  for (const [provider, title] of [
    ['wrong', 'Wrong by choice'],
    ['keyless', 'Without its secret'],
  ] as const)
    for (const page of (await shown({ provider }, language)).pages) expect(leadOf(page)).toContain(title)
})
