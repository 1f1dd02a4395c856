import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@bir/sdk'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readConfig } from '../../../portal/src/lib/server/config.ts'
import { gatewayOf } from '../../../portal/src/lib/server/gateway/gateway.ts'
import { GatewayAway, SessionEnded } from '../../../portal/src/lib/server/session/faults.ts'
import { createSessions } from '../../../portal/src/lib/server/session/session.ts'
import type { Session } from '../../../portal/src/lib/server/session/session.ts'
import { placesOf } from '../../local/base/home.ts'
import { bootGateway, forgetHome } from '../../testing/boot-gateway.ts'
import type { Gateway } from '../../testing/boot-gateway.ts'
import { ScriptedBrowser } from '../../testing/browser/scripted-browser.ts'
import { dance } from '../../testing/browser/sign-in.ts'
import { connect } from '../clients.ts'

/** The server side of the portal against everything running for real, with the key and the client of `npm start`. */

const home = mkdtempSync(join(tmpdir(), 'bir-portal-e2e-'))
let gateway: Gateway
/** The first start alone prints them. */
let passwordOf: Gateway['password']
beforeAll(async () => {
  gateway = await bootGateway({ home })
  passwordOf = gateway.password
})
afterAll(async () => {
  await gateway.stop()
  forgetHome(home)
})

const configOf = ({ endpoints, home }: Gateway) =>
  readConfig({
    CONTROL_URL: endpoints.control,
    MCP_URL: new URL(endpoints.mcp).origin,
    PORTAL_URL: endpoints.portal,
    PORTAL_KEY_FILE: placesOf(home).portalKey,
  })
const operator = () => createClient({ url: gateway.endpoints.control, token: () => gateway.operatorToken() })

/** Somebody signs in at a portal of this gateway, as a browser does that stops at the callback. */
async function signIn(handle: string, { portal = createSessions(configOf(gateway)) } = {}) {
  const { url, cookie } = await portal.beginSignIn({ returnTo: '/servers', language: 'az' })
  const browser = new ScriptedBrowser({ stopsAt: ({ pathname }) => pathname === '/auth/callback' })
  const { url: answer } = await dance(browser, url, { handle, password: passwordOf(handle) })
  const finished = await portal.finishSignIn(answer, pair(cookie))
  if (!('cookie' in finished)) throw new Error(`${handle} did not get in: ${finished.fault.kind}`)
  const cookies = pair(finished.cookie)
  const session = await portal.openSession(cookies)
  if (!session) throw new Error('the cookie is nobody')
  return { portal, browser, cookies, session, returnTo: finished.returnTo, api: gatewayOf(session, configOf(gateway)) }
}

const pair = (cookie: string) => cookie.split(';')[0] ?? ''
const errorOf = (call: Promise<unknown>) =>
  call.then(
    () => undefined,
    (error: unknown) => error,
  )

test('alice signs in without being asked for consent; the portal calls the API and the tools as her', async () => {
  const { session, returnTo, api } = await signIn('alice')
  expect(returnTo).toBe('/servers')
  expect(await api.users.me()).toMatchObject({ handle: 'alice', client: 'portal', sid: session.sid, administrator: false })
  expect(await errorOf(api.users.list())).toMatchObject({ code: 'forbidden' })
  for (const path of ['', '/sql']) {
    await using client = await connect('modern', gateway.endpoints.mcp + path, await session.token(gateway.endpoints.mcp + path))
    expect(await client.tools()).toContain(path === '' ? 'sql_execute_query' : 'execute_query')
  }
  const { items } = await operator().sessions.list({ user: 'alice' })
  expect(items).toContainEqual(
    expect.objectContaining({
      sid: session.sid,
      client: 'portal',
      clientName: 'Portal',
      userAgent: expect.stringContaining('ScriptedBrowser'),
    }),
  )
  const records = await operator().audit.search({ user: 'alice' })
  expect(records.items).toContainEqual(expect.objectContaining({ method: 'oauth/authorize', client: 'portal' }))
})

test('every replica of the portal serves the session, and tokens of two people are never exchanged', async () => {
  const [alice, bob] = [await signIn('alice'), await signIn('bob')]
  const replica = createSessions(configOf(gateway))
  const whoIs = async (cookies: string) => {
    const session = await replica.openSession(cookies)
    return (await gatewayOf(session as Session, configOf(gateway)).users.me()).handle
  }
  const asked = Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? alice : bob))
  expect(await Promise.all(asked.map(({ cookies }) => whoIs(cookies)))).toEqual(
    asked.map((_, index) => (index % 2 === 0 ? 'alice' : 'bob')),
  )
})

test('a session that somebody ends is over at the next request, though its token was good for minutes', async () => {
  const { session, api } = await signIn('alice')
  await api.users.me()
  await operator().sessions.end({ sid: session.sid })
  expect(await errorOf(api.users.me())).toBeInstanceOf(SessionEnded)
  expect(await errorOf(session.token())).toBeInstanceOf(SessionEnded)
})

test('so it is for a person who is disabled, also once they are enabled again', async () => {
  const { api } = await signIn('carol')
  await api.users.me()
  await operator().users.setDisabled({ handle: 'carol', disabled: true })
  expect(await errorOf(api.users.me())).toBeInstanceOf(SessionEnded)
  await operator().users.setDisabled({ handle: 'carol', disabled: false })
  expect(await errorOf(api.users.me())).toBeInstanceOf(SessionEnded)
})

test('who signs out is out everywhere, is asked by the gateway too, and comes back to the portal', async () => {
  const { portal, browser, cookies, session, api } = await signIn('bob')
  const token = await session.token()
  const { url, isEnded } = await portal.endSession(cookies)
  expect(isEnded).toBe(true)
  expect(await errorOf(api.users.me())).toBeInstanceOf(SessionEnded)
  const copy = createClient({ url: gateway.endpoints.control, token })
  expect(await errorOf(copy.users.me())).toMatchObject({ code: 'unauthenticated' })
  const asked = await browser.open(url)
  const form = asked.forms.find(({ action }) => action.pathname === '/oauth/logout')
  if (!form) throw new Error(`no question at ${asked.url.href}: ${asked.text}`)
  const out = await browser.submit(asked, form)
  // The demo provider asks too.
  const [question] = out.url.origin === gateway.endpoints.idp ? out.forms : []
  const last = question ? await browser.submit(out, question) : out
  expect(last.url.href).toBe(`${gateway.endpoints.portal}/`)
})

test('a control plane that is away is no end of the session', async () => {
  const { cookies } = await signIn('alice')
  const config = configOf(gateway)
  const elsewhere = createSessions({ ...config, controlUrl: 'http://127.0.0.1:9' })
  expect(await errorOf((await elsewhere.openSession(cookies))?.token() ?? Promise.resolve())).toBeInstanceOf(GatewayAway)
  expect(await (await createSessions(config).openSession(cookies))?.token()).toBeDefined()
})

test('a new start with other ports keeps people signed in, and the client as it was', async () => {
  const { cookies, session } = await signIn('alice')
  const clients = async () => (await operator().clients.list({ kind: 'administered' })).items
  const [before] = await clients()
  const former = gateway
  await former.stop()
  gateway = await bootGateway({ home })
  expect(gateway.endpoints.control).not.toBe(former.endpoints.control)
  expect(await clients()).toEqual([{ ...before, usedAt: expect.any(String) }])
  const portal = createSessions(configOf(gateway))
  const token = await (await portal.openSession(cookies))?.token()
  expect(decodeJwt(token ?? '')).toMatchObject({ sid: session.sid, aud: `${gateway.endpoints.control}/api` })
  expect((await signIn('alice')).returnTo).toBe('/servers')
})
