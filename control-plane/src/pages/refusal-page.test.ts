import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { createSite } from '../base/http.ts'
import type { Route } from '../base/http.ts'
import { refusalPage } from './refusal-page.ts'

const browser = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8', 'accept-language': 'tr' }

async function ask(path: string, init: RequestInit): Promise<Response> {
  const broken: Route = { method: 'GET', path: '/broken', answer: async () => Promise.reject(new Error('hunter2 is the word')) }
  const form: Route = { method: 'POST', path: '/form', answer: async () => ({ status: 200 }) }
  const draining = new AbortController().signal
  const origin = 'http://127.0.0.1'
  const server = createSite({ routes: [broken, form], mounts: [], origin, loopback: true, draining, log: () => undefined, refusalPage })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`, init)
}

test.for<[string, string, RequestInit, number, string]>([
  ['an address of nothing', '/nothing', { headers: browser }, 404, 'Burada bir şey yok'],
  ['the address of a form', '/form', { headers: browser }, 405, 'Burada bir şey yok'],
  [
    'a form of another site',
    '/form',
    { method: 'POST', headers: { ...browser, origin: 'https://evil.example' } },
    403,
    'Bu form buradan gönderilmedi',
  ],
  ['a mistake of ours', '/broken', { headers: browser }, 500, 'Burada bir hata oluştu'],
])('a person in a browser sees a page for %s', async ([, path, init, status, title]) => {
  const response = await ask(path, init)
  const page = await response.text()
  expect([response.status, response.headers.get('content-type')]).toEqual([status, 'text/html; charset=utf-8'])
  expect(response.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
  expect(page).toContain(`<h1>${title}</h1>`)
  expect(page).not.toContain('hunter2')
})

test('a program gets JSON', async () => {
  const response = await ask('/nothing', { headers: { accept: '*/*' } })
  expect([response.status, await response.json()]).toEqual([404, { error: 'not_found', error_description: 'There is nothing here.' }])
})
