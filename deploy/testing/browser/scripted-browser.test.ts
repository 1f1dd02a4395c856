import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ensurePasswords } from '../../local/idp/people.ts'
import { startIdp } from '../../local/idp/start-idp.ts'
import { Cookies } from './cookies.ts'
import { ScriptedBrowser } from './scripted-browser.ts'
import { dance } from './sign-in.ts'

let site: Server
let origin: string
const seen: { path: string; headers: IncomingMessage['headers']; body: string }[] = []

beforeAll(async () => {
  site = createServer((request, response) => void answer(request, response))
  await once(site.listen(0, '127.0.0.1'), 'listening')
  origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`
})
afterAll(() => new Promise((resolve) => site.close(resolve)))

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = request.url ?? ''
  seen.push({ path, headers: request.headers, body: await text(request) })
  if (path === '/begin') {
    response.writeHead(303, { location: '/form', 'set-cookie': ['a=1; Path=/', 'gone=1; Max-Age=0', '__Host-x=1; Path=/'] }).end()
    return
  }
  if (path === '/post') {
    response.writeHead(303, { location: 'http://client.invalid/callback?code=1&state=2' }).end()
    return
  }
  response.writeHead(200, { 'content-type': 'text/html' }).end(`<p>Hello &amp; welcome</p>
    <form method="post" action="/post"><input type="hidden" name="csrf" value="&quot;q&quot;">
    <input name="who"><input type="checkbox" name="remember"><input type=checkbox name=on checked>
    <button name="decision" value="allow">Allow</button></form><button>Elsewhere</button>`)
}

test('it follows redirects with its cookies, fills a form, and stops at the client’s address', async () => {
  const browser = new ScriptedBrowser({ stopsAt: ({ hostname }) => hostname === 'client.invalid' })
  const page = await browser.open(`${origin}/begin`)
  expect(page).toMatchObject({ status: 200, text: 'Hello & welcome Allow Elsewhere' })
  expect(browser.cookies.names()).toEqual(['a'])
  const [form] = page.forms
  if (!form) throw new Error('no form')
  const end = await browser.submit(page, form, { who: 'bob' }, 'allow')
  expect(end.url.href).toBe('http://client.invalid/callback?code=1&state=2')
  expect(seen.at(-2)).toMatchObject({ path: '/form', headers: { cookie: 'a=1', 'sec-fetch-site': 'none' } })
  expect(seen.at(-1)).toMatchObject({ path: '/post', headers: { origin, cookie: 'a=1', 'sec-fetch-site': 'same-origin' } })
  expect(Object.fromEntries(new URLSearchParams(seen.at(-1)?.body))).toEqual({ csrf: '"q"', who: 'bob', on: 'on', decision: 'allow' })
  await expect(browser.submit(page, form, {}, 'deny')).rejects.toThrow('No button "deny"')
})

test('a cross-site post gets no cookie that is Lax, and a __Host- cookie only https', () => {
  const cookies = new Cookies()
  const url = new URL('https://gateway.example/')
  cookies.store(url, [
    '__Host-s=1; Secure; Path=/; SameSite=Lax',
    'n=1; Secure; SameSite=None; Path=/',
    '__Host-d=1; Secure; Path=/; Domain=x',
  ])
  expect(cookies.headerFor(url, false)).toBe('__Host-s=1; n=1')
  expect(cookies.headerFor(url, true)).toBe('n=1')
  expect(cookies.headerFor(new URL('http://gateway.example/'), false)).toBeUndefined()
  expect(cookies.headerFor(new URL('https://other.example/'), false)).toBeUndefined()
})

test('a person signs in at the demo provider with it', async () => {
  const home = mkdtempSync(join(tmpdir(), 'bir-browser-'))
  const passwords = (await ensurePasswords(home)) ?? {}
  const idp = await startIdp({ stage: 'local', host: '127.0.0.1', port: 0, homeDir: home })
  try {
    const query = { client_id: 'bir', response_type: 'code', redirect_uri: 'http://127.0.0.1:1/callback', scope: 'openid', state: 's' }
    const pkce = { code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', code_challenge_method: 'S256' }
    const start = `${idp.issuer}/auth?${String(new URLSearchParams({ ...query, ...pkce }))}`
    const browser = new ScriptedBrowser({ stopsAt: ({ port }) => port === '1' })
    const refused = await dance(browser, start, { handle: 'alice', password: 'wrong' })
    expect(refused.text).toContain('do not belong together')
    const end = await dance(browser, start, { handle: 'alice', password: passwords['alice'] ?? '' })
    expect(end.url.searchParams.get('code')).toBeTruthy()
  } finally {
    await idp.close()
    rmSync(home, { recursive: true })
  }
})
