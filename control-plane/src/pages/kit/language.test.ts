import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { createSite } from '../../base/http.ts'
import { pageAnswer } from './page.ts'
import { languageOf } from './language-of.ts'
import { languageRoute } from './language-route.ts'

/** A site with one page, which says in which language it is. */
async function startSite(): Promise<string> {
  const origin = 'http://127.0.0.1'
  const page = async ({ request }: { request: Parameters<typeof languageOf>[0] }) =>
    pageAnswer({ language: languageOf(request), title: 'A page', body: '' })
  const routes = [languageRoute(origin), { method: 'GET' as const, path: '/oauth/page', answer: page }]
  const server = createSite({ routes, mounts: [], origin, loopback: true, draining: new AbortController().signal, log: () => undefined })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test.for<[string, string, Record<string, string>, string]>([
  ['the browser wants none of ours', '', { 'accept-language': 'de,fr;q=0.5' }, 'en'],
  ['the browser says nothing', '', {}, 'en'],
  ['the browser wants one of ours most', '', { 'accept-language': 'de, en;q=0.2, ru-RU;q=0.7, tr;q=0' }, 'ru'],
  ['the browser refuses it', '', { 'accept-language': 'tr;q=0, az;q=0.1' }, 'az'],
  ['the client asks for it', '?ui_locales=de+az-Latn-AZ', { 'accept-language': 'ru' }, 'az'],
  ['the person chose it here', '?ui_locales=az', { cookie: 'a=b; bir-language=tr', 'accept-language': 'ru' }, 'tr'],
  ['the cookie is of somebody else', '', { cookie: 'bir-language=xx; other-bir-language=tr', 'accept-language': 'az' }, 'az'],
  ['the header is nonsense', '', { 'accept-language': ';;q=x,,=,\u00ff' }, 'en'],
])('when %s', async ([, query, headers, language]) => {
  const response = await fetch(`${await startSite()}/oauth/page${query}`, { headers })
  expect(response.headers.get('content-language')).toBe(language)
  expect(await response.text()).toContain(`<html lang="${language}" dir="ltr">`)
})

const choose = async (language: string, headers: Record<string, string>) =>
  fetch(`${await startSite()}/oauth/language`, { method: 'POST', body: new URLSearchParams({ language }), headers, redirect: 'manual' })

test('the switch remembers the choice and leads back to the page', async () => {
  const response = await choose('ru', { referer: 'http://127.0.0.1/oauth/page?flow=x' })
  expect([response.status, response.headers.get('location')]).toEqual([303, 'http://127.0.0.1/oauth/page?flow=x'])
  expect(response.headers.get('set-cookie')).toMatch(/^bir-language=ru; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Lax$/)
})

test.for(['https://evil.example/a', 'http://127.0.0.1.evil.example/', 'javascript:alert(1)', 'x'])(
  'the switch never leads to %s',
  async (referer) => {
    expect((await choose('ru', { referer })).headers.get('location')).toBe('/')
  },
)

test('an unknown language is refused, and a foreign page cannot choose', async () => {
  expect((await choose('xx', {})).status).toBe(400)
  expect((await choose('ru', { origin: 'https://evil.example' })).status).toBe(403)
})
