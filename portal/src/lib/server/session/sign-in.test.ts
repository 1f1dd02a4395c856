import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { anAuthorizationServer, answerTo, sent, signedIn } from './testing.ts'

test('a sign-in sends the browser to the gateway with PKCE, and ends in a sealed cookie and at the path where it began', async () => {
  await using server = await anAuthorizationServer()
  const portal = server.portal()
  const { url, cookie } = await portal.beginSignIn({ returnTo: '/servers?id=sql#tools', language: 'az' })
  const asked = new URL(url)
  expect(asked.origin + asked.pathname).toBe(`${server.config.controlUrl}/oauth/authorize`)
  const query = Object.fromEntries(asked.searchParams)
  expect(query).toMatchObject({
    client_id: 'portal',
    redirect_uri: 'https://portal.example/auth/callback',
    response_type: 'code',
    code_challenge_method: 'S256',
    ui_locales: 'az',
  })
  expect(cookie).toMatch(/^__Host-bir-portal-sign-in=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Secure; Max-Age=900$/)

  const finished = await portal.finishSignIn(answerTo(url, server, { code: 'c' }), sent(cookie))
  expect(finished).toEqual({
    cookie: expect.stringMatching(/^__Host-bir-portal=[\w.-]+; Path=\/; HttpOnly; SameSite=Lax; Secure$/),
    returnTo: '/servers?id=sql#tools',
  })
  expect(JSON.stringify(finished)).not.toContain('handle of c')
  const [form] = server.forms
  expect(form).toMatchObject({ grant_type: 'authorization_code', code: 'c', redirect_uri: 'https://portal.example/auth/callback' })
  expect(
    createHash('sha256')
      .update(form?.['code_verifier'] ?? '')
      .digest('base64url'),
  ).toBe(query['code_challenge'])
})

test('a sign-in ends only in the browser that began it, within 15 minutes; another tab does not disturb it', async () => {
  await using server = await anAuthorizationServer()
  let nowMs = Date.now()
  const portal = server.portal({}, () => nowMs)
  const first = await portal.beginSignIn({})
  const second = await portal.beginSignIn({ cookies: sent(first.cookie) })
  const stranger = await portal.beginSignIn({})
  const finish = (cookies: string | undefined, code = 'c') => portal.finishSignIn(answerTo(first.url, server, { code }), cookies)
  const stale = { fault: { kind: 'stale' }, returnTo: '/' }
  expect(await finish(undefined)).toEqual(stale)
  expect(await finish(sent(stranger.cookie))).toEqual(stale)
  expect(await finish(`${sent(first.cookie)}; ${sent(stranger.cookie)}`)).toEqual(stale)
  expect(server.forms).toEqual([])
  expect(await finish(sent(second.cookie))).toHaveProperty('cookie')
  expect(await portal.finishSignIn(answerTo(second.url, server, { code: 'd' }), sent(second.cookie))).toHaveProperty('cookie')
  nowMs += 15 * 60_000
  expect(await finish(sent(second.cookie))).toEqual(stale)
})

test.for([
  ['of another issuer', { iss: 'https://elsewhere.example', code: 'c' }, { kind: 'foreign' }],
  ['without an issuer', { iss: '', code: 'c' }, { kind: 'foreign' }],
  ['with a state that nobody sealed', { state: 'x', code: 'c' }, { kind: 'stale' }],
  ['with neither code nor error', {}, { kind: 'foreign' }],
  ['that is a refusal', { error: 'access_denied' }, { kind: 'denied', code: 'access_denied' }],
] as const)('an answer %s signs nobody in', async ([, more, fault]) => {
  await using server = await anAuthorizationServer()
  const portal = server.portal()
  const { url, cookie } = await portal.beginSignIn({})
  expect(await portal.finishSignIn(answerTo(url, server, more), sent(cookie))).toMatchObject({ fault })
  expect(server.forms).toEqual([])
})

test('a parameter that comes twice counts as none', async () => {
  await using server = await anAuthorizationServer()
  const portal = server.portal()
  const { url, cookie } = await portal.beginSignIn({})
  const answer = answerTo(url, server, { code: 'c' })
  answer.searchParams.append('iss', server.config.controlUrl)
  expect(await portal.finishSignIn(answer, sent(cookie))).toMatchObject({ fault: { kind: 'foreign' } })
})

test('a code that is good no more is stale, and a gateway that is away is told apart from that', async () => {
  await using server = await anAuthorizationServer()
  const portal = server.portal()
  const { url, cookie } = await portal.beginSignIn({ returnTo: '/secrets' })
  const finish = () => portal.finishSignIn(answerTo(url, server, { code: 'c' }), sent(cookie))
  server.end('handle of c')
  expect(await finish()).toEqual({ fault: { kind: 'stale' }, returnTo: '/secrets' })
  server.answersWith({ status: 503, body: { error: 'temporarily_unavailable' } })
  expect(await finish()).toMatchObject({ fault: { kind: 'away', reason: expect.stringContaining('503') }, returnTo: '/secrets' })
})

test('who signs in anew has another session, and the one that the browser had ends', async () => {
  await using server = await anAuthorizationServer()
  const portal = server.portal()
  const before = await signedIn(server, 'first', portal)
  const { url, cookie } = await portal.beginSignIn({ cookies: before })
  await portal.finishSignIn(answerTo(url, server, { code: 'second' }), `${before.split('; ')[1]}; ${sent(cookie)}`)
  expect(server.forms.at(-1)).toMatchObject({ path: '/oauth/revoke', token: 'handle of first' })
})
