import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { endSessions } from '../../sessions/end-session.ts'
import { anAuthorization, aSignInGateway, registered, TestBrowser } from '../testing.ts'
import type { Stop } from '../testing.ts'

/* A form whose body stays away for a while stands on the session that goes on when it is whole, not when it began. */

let gateway: Awaited<ReturnType<typeof aSignInGateway>>
let clientId: string
beforeAll(async () => {
  gateway = await aSignInGateway()
  clientId = await registered(gateway)
})
beforeEach(async () => {
  await gateway.control.db.deleteFrom('attempt_counts').execute()
  const before = await gateway.control.db.selectFrom('users').select('handle').where('disabled', '=', true).execute()
  for (const { handle } of before) await gateway.control.client().users.setDisabled({ handle, disabled: false })
})
afterAll(() => gateway[Symbol.asyncDispose]())

const consent = (browser: TestBrowser) => browser.go(anAuthorization(clientId).path)

async function device(browser: TestBrowser): Promise<Stop> {
  const response = await gateway.control.get('/oauth/device', { method: 'POST', body: new URLSearchParams({ client_id: 'bir' }) })
  const { user_code } = (await response.json()) as { user_code: string }
  return browser.go(`/oauth/device?user_code=${user_code}`)
}

const browserSession = async () => {
  const { items } = await gateway.control.client().sessions.list({ user: 'alice' })
  return items.find(({ client }) => client === 'browser')?.sid ?? ''
}

const losses = {
  'session is ended': async () => gateway.control.client().sessions.end({ sid: await browserSession() }),
  'account is disabled': () => gateway.control.client().users.setDisabled({ handle: 'alice', disabled: true }),
}
/** Disabled and enabled again: the session has ended all the same. */
const restored = async () => {
  await gateway.control.client().users.setDisabled({ handle: 'alice', disabled: true })
  await gateway.control.client().users.setDisabled({ handle: 'alice', disabled: false })
}

const given = async () => {
  const { db } = gateway.control
  const sessions = await db.selectFrom('sessions').select('sid').where('kind', '=', 'client').where('ended_at', 'is', null).execute()
  const codes = await db.selectFrom('authorization_codes').select('code_hash').execute()
  const devices = await db.selectFrom('device_codes').select('device_hash').where('state', '=', 'approved').execute()
  const consents = await db.selectFrom('consents').select('user_id').execute()
  return [sessions.length, codes.length, devices.length, consents.length]
}

const cases = Object.entries({ ...losses, 'account is disabled and enabled again': restored }).flatMap(([loss, lose]) => [
  [`the consent gives nothing when the ${loss}`, consent, lose] as const,
  [`the answer about a device gives nothing when the ${loss}`, device, lose] as const,
])

test.for(cases)('%s while its form is on its way', async ([, pageOf, lose]) => {
  const browser = new TestBrowser(gateway)
  const page = await pageOf(browser)
  expect(page.html).toContain('value="allow"')
  const before = await given()
  const held = await browser.hold(page, { decision: 'allow', remember: 'on' })
  // Whatever the gateway does when it has the headers, it has done once it has answered others.
  await browser.go('/oauth/signed-in')
  await lose()
  const { status, headers } = await held.finish()
  expect(status).toBe(303)
  expect(headers.location).not.toMatch(/[?&]code=/)
  expect(await given()).toEqual(before)
})

test('a choice of how to sign in leads to no provider when the session of its page is ended while it is on its way', async () => {
  const browser = new TestBrowser(gateway)
  const page = await consent(browser)
  const choice = { ...page, html: page.html.replace('action="/oauth/consent"', 'action="/oauth/sign-in"') }
  const held = await browser.hold(choice, { provider: 'demo' })
  await browser.go('/oauth/signed-in')
  await losses['session is ended']()
  const { status, headers } = await held.finish()
  expect([status, headers.location]).toEqual([303, expect.stringMatching(/^\/oauth\/sign-in\?flow=/)])
})

test('a sign-out whose session is ended while its form is on its way signs nobody out', async () => {
  const browser = new TestBrowser(gateway)
  await consent(browser)
  const held = await browser.hold(await browser.go('/oauth/logout'), {})
  await browser.go('/oauth/signed-in')
  const sid = await browserSession()
  await gateway.control.client().sessions.end({ sid })
  expect((await held.finish()).status).toBe(303)
  const { items } = await gateway.control.client().audit.search({ user: 'alice', kind: 'call' })
  expect(items.filter(({ method, outcome }) => method === 'oauth/logout' && outcome === 'answered')).toEqual([])
})

/** Begins to end the session, and ends it once somebody waits for that. */
async function endWhile(sid: string, act: () => Promise<Stop>): Promise<Stop> {
  const { db } = gateway.control
  let acting: Promise<Stop> | undefined
  await db.transaction().execute(async (trx) => {
    await endSessions(trx, { sid }, 'ended by a test')
    acting = act()
    const waiting = async () => {
      const { rows } = await sql`select from pg_locks where not granted and locktype = 'transactionid'`.execute(db)
      return rows.length
    }
    await expect.poll(waiting, { timeout: 10_000 }).toBeGreaterThan(0)
  })
  if (!acting) throw new Error('nothing was done')
  return acting
}

test.for([
  ['a consent', consent],
  ['an answer about a device', device],
] as const)('%s that arrives while its session is being ended waits for that, and gives nothing', async ([, pageOf]) => {
  const browser = new TestBrowser(gateway)
  const page = await pageOf(browser)
  const before = await given()
  const stop = await endWhile(await browserSession(), () => browser.submit(page, { decision: 'allow' }))
  expect(stop.url.searchParams.has('code')).toBe(false)
  expect(stop.html).not.toContain('Connected')
  expect(await given()).toEqual(before)
})
