import type { IncomingMessage } from 'node:http'
import { CompactEncrypt } from 'jose'
import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { readSealingKeys } from '../keys/key-ring.ts'
import { masterKeyOf } from '../keys/master-key.ts'
import { put as putServiceAccount } from '../service-accounts/service-accounts.ts'
import { put } from '../settings/settings.ts'
import { aControlPlane, waitingForLocks } from '../testing.ts'
import { setDisabled } from '../users/users.ts'
import { browserCookie } from './browser-cookie.ts'
import { idTokenOf, readBrowserSession, removeSessionCookie, startBrowserSession } from './browser-session.ts'
import { endSession, endSessionsOf } from './end-session.ts'
import { openCookie, sealCookie } from './sealed-cookie.ts'
import { MAX_BEGUN_A_DAY, NEVER_USED, startSession } from './start-session.ts'

const hourMs = 3_600_000

interface Begun {
  actor?: string | null
  kind?: 'client' | 'token'
  why?: string
}

/** A control plane where alice may sign in with a browser. */
async function aSite(issuer = 'https://gateway.test') {
  const it = await aControlPlane()
  await it.aPerson('alice')
  await it.aPerson('bob')
  const strangers: string[] = []
  const record = async ({ reason }: { reason: string }) => void strangers.push(reason)
  const parts = { db: it.db, master: masterKeyOf(Buffer.alloc(32, 7)), issuer, record }
  const user = (handle: string) => it.db.selectFrom('users').selectAll().where('handle', '=', handle).executeTakeFirstOrThrow()
  const signIn = async (handle = 'alice', more: { remembered?: boolean; replaces?: string; address?: string; userAgent?: string } = {}) => {
    const started = { user: await user(handle), provider: 'demo', idToken: 'an.id.token', remembered: false, address: '192.0.2.1', ...more }
    const { sid, cookies } = await startBrowserSession(parts, started)
    return { sid, header: cookies[0] ?? '', cookie: (cookies[0] ?? '').split(';')[0] ?? '' }
  }
  const read = async (cookie: string, { address = '192.0.2.1', ...headers }: { address?: string; 'user-agent'?: string } = {}) =>
    (await readBrowserSession(parts, asked(cookie, headers), address)).session
  const row = (sid: string) => it.db.selectFrom('sessions').selectAll().where('sid', '=', sid).executeTakeFirstOrThrow()
  const moved = (sid: string, times: { used_at?: Date; made_at?: Date; idle_until?: Date; until?: Date }) =>
    it.db.updateTable('sessions').set(times).where('sid', '=', sid).execute()
  return { ...it, parts, strangers, user, signIn, read, row, moved, [Symbol.asyncDispose]: it[Symbol.asyncDispose] }
}

const asked = (cookie: string, headers = {}) => ({ headers: { cookie, ...headers } }) as IncomingMessage
const ago = (ms: number) => new Date(Date.now() - ms)

test('a browser that signed in is known by its cookie, which only the gateway can read and only the host can set', async () => {
  await using site = await aSite()
  const { sid, header, cookie } = await site.signIn()
  expect(header).toMatch(/^__Host-bir-session=[\w.-]+; Path=\/; HttpOnly; SameSite=Lax; Secure$/)
  expect(cookie).not.toContain(sid)
  expect(await site.read(cookie)).toMatchObject({ sid, user: { handle: 'alice' }, provider: 'demo', remembered: false, cookies: [] })
  expect(idTokenOf(site.parts, await site.row(sid))).toBe('an.id.token')
  expect((await site.row(sid)).id_token?.includes('an.id.token')).toBe(false)
})

test('plain http, which is for loopback alone, has plain names of cookies', async () => {
  await using site = await aSite('http://127.0.0.1:8081')
  const { header, cookie } = await site.signIn('alice', { remembered: true })
  expect(header).toMatch(/^bir-session=[\w.-]+; Path=\/; HttpOnly; SameSite=Lax; Max-Age=25\d{5}$/)
  expect(await site.read(cookie)).toMatchObject({ user: { handle: 'alice' }, remembered: true })
})

test('a cookie that was changed anywhere, planted beside ours, or is of another gateway, signs nobody in and is removed', async () => {
  await using site = await aSite()
  const { cookie } = await site.signIn()
  const [name = '', value = ''] = cookie.split('=')
  for (let at = 0; at < value.length; at += 7) {
    const changed = value.slice(0, at) + (value[at] === 'A' ? 'B' : 'A') + value.slice(at + 1)
    expect(await site.read(`${name}=${changed}`), `changed at ${at}`).toBeUndefined()
  }
  for (const bad of ['', 'x', value.slice(0, -4), `${value}.x`, 'a'.repeat(5000)]) expect(await site.read(`${name}=${bad}`)).toBeUndefined()
  expect(await site.read(`${name}=planted; ${cookie}`)).toBeUndefined()
  expect(await site.read(`bir-session=${value}`), 'without the prefix, any host beside ours can have set it').toBeUndefined()
  expect(removeSessionCookie(site.parts, asked(`${name}=x`))).toEqual([expect.stringMatching(/^__Host-bir-session=; .*Max-Age=0$/)])
  expect(removeSessionCookie(site.parts, asked('other=x'))).toEqual([])

  await using other = await aSite('https://other.test')
  const foreign = await other.signIn()
  expect(await site.read(foreign.cookie)).toBeUndefined()
})

test('a data plane, which holds the sealing keys, cannot make a cookie with them', async () => {
  await using site = await aSite()
  const { sid } = await site.signIn()
  const [key] = await readSealingKeys(site.db, site.parts.master)
  const contents = JSON.stringify({ sid, sub: (await site.user('alice')).id, iat: 1 })
  const forged = await new CompactEncrypt(Buffer.from(contents))
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid: key?.kid ?? '' })
    .encrypt(key?.bytes ?? new Uint8Array(32))
  expect(await openCookie(site.parts, forged)).toBeUndefined()
  expect(await site.read(`__Host-bir-session=${forged}`)).toBeUndefined()
})

test('a cookie that names the session of another person, or a session that is no browser, signs nobody in', async () => {
  await using site = await aSite()
  const { sid } = await site.signIn('bob')
  const { id: sub } = await site.user('alice')
  const cookieOf = async (contents: { sid: string; sub: string }) =>
    `__Host-bir-session=${await sealCookie(site.parts, { ...contents, iat: 1 })}`
  expect(await site.read(await cookieOf({ sid, sub }))).toBeUndefined()
  const client = await site.db.transaction().execute((trx) => startSession(trx, { kind: 'client', userId: sub, clientId: 'c' }))
  expect(await site.read(await cookieOf({ sid: client, sub }))).toBeUndefined()
})

test('each sign-in has a session of its own that nobody knew before, and ends the one that the browser had', async () => {
  await using site = await aSite()
  const first = await site.signIn()
  const second = await site.signIn('bob', { replaces: first.sid })
  expect(second.sid).not.toBe(first.sid)
  expect(await site.read(first.cookie)).toBeUndefined()
  expect(await site.read(second.cookie)).toMatchObject({ user: { handle: 'bob' } })
})

test('who disables a person at the moment of their sign-in waits for it, and it for them: both come to an end', async () => {
  await using site = await aSite()
  const { sid } = await site.signIn()
  // As disabling does: the person first, then their sessions, and in between the sign-in begins.
  let signingIn: Promise<unknown> | undefined
  await site.db.transaction().execute(async (trx) => {
    await trx.updateTable('users').set({ disabled: true }).where('handle', '=', 'alice').execute()
    signingIn = site.signIn('alice', { replaces: sid }).catch((error: unknown) => error)
    await expect.poll(() => waitingForLocks(site.db)).toBe(1)
    await endSessionsOf(trx, (await site.user('alice')).id, 'disabled')
  })
  expect(await signingIn).toMatchObject({ code: 'forbidden' })
  expect(await site.row(sid)).toMatchObject({ end_reason: 'disabled' })
})

test('an ended session stays ended: the old cookie signs nobody in any more', async () => {
  await using site = await aSite()
  const { sid, cookie } = await site.signIn()
  await endSession(site.ctx, sid, 'logout')
  await endSession(site.ctx, sid, 'again')
  expect(await site.read(cookie)).toBeUndefined()
  expect(await site.row(sid)).toMatchObject({ end_reason: 'logout', id_token: null })
  expect(site.recorded.filter(({ action }) => action === 'sessions.end')).toHaveLength(1)
})

test('a session ends when it was not used for a while, and at last in any case; using it prolongs it until then', async () => {
  await using site = await aSite()
  await put(site.ctx, { session: { idleMs: 2 * hourMs, maxMs: 10 * hourMs } })
  const { sid, cookie } = await site.signIn()
  await site.moved(sid, {
    made_at: ago(9 * hourMs),
    used_at: ago(hourMs),
    idle_until: new Date(Date.now() + 1000),
    until: new Date(Date.now() + hourMs),
  })
  expect(await site.read(cookie)).toBeDefined()
  const { idle_until, until, used_at } = await site.row(sid)
  expect(idle_until, 'prolonged, and never beyond its end').toEqual(until)
  expect(used_at.getTime()).toBeGreaterThan(Date.now() - hourMs / 2)

  await put(site.ctx, { session: { maxMs: 8 * hourMs } })
  expect(await site.read(cookie), 'a shorter setting counts at once').toBeUndefined()
  await put(site.ctx, { session: { maxMs: 10 * hourMs } })
  await site.moved(sid, { until: ago(1) })
  expect(await site.read(cookie)).toBeUndefined()
  const idle = await site.signIn()
  await site.moved(idle.sid, { idle_until: ago(1) })
  expect(await site.read(idle.cookie)).toBeUndefined()
})

test('who is disabled is signed out everywhere at once, can begin nothing, and must sign in again when they are back', async () => {
  await using site = await aSite()
  const { cookie } = await site.signIn()
  const user = await site.user('alice')
  await site.db.updateTable('users').set({ disabled: true }).where('id', '=', user.id).execute()
  expect(await site.read(cookie)).toBeUndefined()
  await site.db.updateTable('users').set({ disabled: false }).where('id', '=', user.id).execute()
  expect(await site.read(cookie)).toBeDefined()

  await setDisabled(site.ctx, { handle: 'alice', disabled: true })
  await expect(site.signIn()).rejects.toMatchObject({ code: 'forbidden' })
  await setDisabled(site.ctx, { handle: 'alice', disabled: false })
  expect(await site.read(cookie)).toBeUndefined()
})

test('a cookie outlives the key that sealed it: it is sealed anew, for the same session', async () => {
  await using site = await aSite()
  const { sid, cookie } = await site.signIn()
  await site.db
    .updateTable('keys')
    .set({ active_at: ago(25 * hourMs) })
    .where('purpose', '=', 'sealing')
    .execute()
  const newer = { kid: 'newer', purpose: 'sealing' as const, active_at: ago(hourMs) }
  await site.db
    .insertInto('keys')
    .values({ ...newer, wrapped: site.parts.master.wrap('newer', Buffer.alloc(32, 9)) })
    .execute()
  const read = await site.read(cookie)
  expect(read).toMatchObject({ sid, cookies: [expect.stringMatching(/^__Host-bir-session=/)] })
  await site.db.deleteFrom('keys').where('kid', '!=', 'newer').execute()
  expect(await site.read(cookie)).toBeUndefined()
  expect(await site.read(read?.cookies[0]?.split(';')[0] ?? '')).toMatchObject({ sid, cookies: [] })
})

test('every browser has a secret of its own, which is given once and never chosen by a page', () => {
  const made = browserCookie('https://gateway.test', asked(''))
  expect(made.cookies).toEqual([expect.stringMatching(/^__Host-bir-browser=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Secure$/)])
  const cookie = made.cookies[0]?.split(';')[0] ?? ''
  expect(browserCookie('https://gateway.test', asked(cookie))).toEqual({ secret: made.secret, hash: made.hash, cookies: [] })
  for (const planted of ['__Host-bir-browser=short', `${cookie}; ${cookie}`, '__Host-bir-browser='])
    expect(browserCookie('https://gateway.test', asked(planted))).toMatchObject({ cookies: [expect.any(String)] })
})

const chrome = (version: number) =>
  `Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${version}.0.0.0 Safari/537.36`
const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0'
const [network, browser] = ['binding-network', 'binding-user-agent']

test.for([
  ['off', { address: '198.51.100.1', 'user-agent': 'curl/8' }, undefined],
  ['user-agent', { address: '198.51.100.1', 'user-agent': chrome(143) }, undefined],
  ['user-agent', { 'user-agent': firefox }, browser],
  ['user-agent', { 'user-agent': 'curl/8' }, browser],
  ['user-agent', {}, browser],
  ['ip', { address: '192.0.2.77', 'user-agent': firefox }, undefined],
  ['ip', { address: '198.51.100.1', 'user-agent': chrome(142) }, network],
  ['ip', { address: 'unknown', 'user-agent': chrome(142) }, network],
  ['both', { 'user-agent': chrome(142) }, undefined],
  ['both', { 'user-agent': firefox }, browser],
  ['both', { address: '198.51.100.1', 'user-agent': 'curl/8' }, network],
] as const)(
  'with binding %s, a cookie that comes from %j signs in if nothing is wrong, and is recorded with %s',
  async ([binding, from, reason]) => {
    await using site = await aSite()
    await put(site.ctx, { binding })
    const { sid, cookie } = await site.signIn('alice', { userAgent: chrome(142) })
    expect((await site.read(cookie, from))?.sid).toBe(reason === undefined ? sid : undefined)
    expect(site.strangers).toEqual(reason === undefined ? [] : [reason])
    expect(await site.read(cookie, { 'user-agent': chrome(142) }), 'its holder is signed in as before').toMatchObject({ sid })
  },
)

test('a browser whose address nobody could tell is bound to no network, and is not led to sign in for ever', async () => {
  await using site = await aSite()
  await put(site.ctx, { binding: 'ip' })
  const { sid, cookie } = await site.signIn('alice', { address: 'unknown' })
  expect(await site.read(cookie, { address: 'unknown' })).toMatchObject({ sid })
  expect(await site.read(cookie, { address: '192.0.2.1' })).toBeUndefined()
})

test('a browser that says more of itself than is stored is the same browser', async () => {
  await using site = await aSite()
  await put(site.ctx, { binding: 'user-agent' })
  const userAgent = `Mozilla/5.0 (${'x'.repeat(290)}) Firefox/145.0`
  const { sid, cookie } = await site.signIn('alice', { userAgent })
  expect(await site.read(cookie, { 'user-agent': userAgent })).toMatchObject({ sid })
})

test('a person begins two thousand sessions of clients in a day, and as many of single tokens; whom nobody holds up is not counted', async () => {
  await using it = await aSite()
  await putServiceAccount(it.ctx, { handle: 'ci' })
  const begin = async (handle: string, more: { kind?: 'client' | 'token'; actor?: string } = {}) => {
    const { id: userId } = await it.user(handle)
    return it.db.transaction().execute((trx) => startSession(trx, { kind: 'client', userId, clientId: 'c', lifeMs: hourMs, ...more }))
  }
  const begun = (handle: string, count: number, { actor = null, kind = 'client', why = 'logout' }: Begun = {}) =>
    sql`
      insert into sessions (sid, user_id, kind, client_id, actor, made_at, idle_until, until, ended_at, end_reason)
      select gen_random_uuid(), users.id, ${kind}, 'c', ${actor}, now() - interval '23 hours', now(), now(), now(), ${why}
      from users, generate_series(1, ${count}::int) where handle = ${handle}`.execute(it.db)

  await begun('alice', MAX_BEGUN_A_DAY - 1)
  await begun('alice', MAX_BEGUN_A_DAY, { actor: 'operator:root' })
  await begun('alice', MAX_BEGUN_A_DAY, { why: NEVER_USED })
  await begun('ci', MAX_BEGUN_A_DAY)
  await it.signIn('alice')
  await begin('alice')
  const tooMany = {
    status: 429,
    error: 'slow_down',
    message: expect.stringMatching(/^This person began 2000 sessions of (clients|single tokens) in 24 hours/) as string,
  }
  await expect(begin('alice')).rejects.toMatchObject(tooMany)
  await begin('alice', { kind: 'token' })
  await begun('alice', MAX_BEGUN_A_DAY, { kind: 'token' })
  await begun('bob', MAX_BEGUN_A_DAY, { kind: 'token' })
  for (const handle of ['alice', 'bob']) await expect(begin(handle, { kind: 'token' }), handle).rejects.toMatchObject(tooMany)
  const { headers } = await begin('alice').then(
    () => ({ headers: {} as Record<string, string> }),
    (error: { headers: Record<string, string> }) => error,
  )
  expect(Math.round(Number(headers['retry-after']) / 60)).toBe(60)
  await it.signIn('alice')
  await begin('alice', { kind: 'token', actor: 'operator:root' })
  await begin('ci', { kind: 'token' })
  await begin('bob')
  await it.db
    .updateTable('sessions')
    .set({ made_at: ago(24 * hourMs) })
    .where('ended_at', 'is not', null)
    .execute()
  await begin('alice')
})
