import { createHash, randomBytes } from 'node:crypto'
import type { PersonalTokenEntry } from '@bir/sdk/contract/snapshot'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import { expect, test } from 'vitest'
import { ALICE, aServer, aWaitingServer, modernRequest, testPlane } from '../testing/plane.ts'
import type { TestPlane } from '../testing/plane.ts'

const grants = { things: { user: [{ level: 'read' as const }] } }

/** A new personal token, and how the policy names it. */
function aPersonalToken(entry: Partial<PersonalTokenEntry> = {}) {
  const token = `bir_pat_${randomBytes(32).toString('base64url')}`
  const whole = { id: uuidv7(), subject: ALICE, expiresAtS: Math.floor(Date.now() / 1000) + 600, ...entry }
  return { token, personalTokens: { [createHash('sha256').update(token).digest('hex')]: whole }, id: whole.id }
}

const status = async (plane: TestPlane, token: string, path = '/mcp', headers = {}) =>
  (await fetch(plane.url + path, modernRequest(token, 'tools/list', {}, headers))).status

test('a personal token is good at every server, and its calls are recorded by its id', async () => {
  const { token, personalTokens, id } = aPersonalToken()
  await using plane = await testPlane({ grants, personalTokens }, [aServer()])
  expect(await status(plane, token)).toBe(200)
  const call = modernRequest(token, 'tools/call', { name: 'get_thing', arguments: {} })
  expect((await fetch(`${plane.url}/mcp/things`, call)).status).toBe(200)
  await expect.poll(() => plane.records().map(({ header }) => [header.tokenId, header.handle])).toEqual([[id, 'alice']])
  expect(JSON.stringify(plane.records())).not.toContain(token)
})

test('a personal token for some servers is good at their addresses alone', async () => {
  const { token, personalTokens } = aPersonalToken({ servers: ['things'] })
  await using plane = await testPlane({ grants, personalTokens }, [aServer()])
  expect([await status(plane, token, '/mcp/things'), await status(plane, token), await status(plane, token, '/mcp/sql')]).toEqual([
    200, 401, 401,
  ])
})

test('a personal token is good from its networks alone, whatever binding says', async () => {
  const { token, personalTokens } = aPersonalToken({ networks: ['203.0.113.0/24', '2001:db8::/32'] })
  await using plane = await testPlane({ grants, personalTokens }, [aServer()], {}, undefined, { behindProxy: true })
  const from = (address: string) => status(plane, token, '/mcp', { 'x-forwarded-for': address })
  expect([await from('203.0.113.9'), await from('2001:db8::1'), await from('198.51.100.1'), await status(plane, token)]).toEqual([
    200, 200, 401, 401,
  ])
  await expect.poll(() => plane.records().map(({ header }) => header.reason)).toContain('binding-network')
  const answer = await fetch(`${plane.url}/mcp`, modernRequest(token, 'tools/list', {}, { 'x-forwarded-for': '198.51.100.1' }))
  const text = await answer.text()
  expect(text).toContain('may not be used from here. Use it from the networks that it was made for, or make another with `bir pat create`.')
  expect(text, 'a thief is not told from where').not.toMatch(/203\.0\.113|2001:db8/)
})

test('no header gives a client behind the proxy the address of the proxy, from which a personal token is good', async () => {
  const { token, personalTokens } = aPersonalToken({ networks: ['127.0.0.0/8', '0.0.0.0/0'] })
  const { token: inside, personalTokens: ofInside } = aPersonalToken({ networks: ['127.0.0.0/8'] })
  const policy = { grants, personalTokens: { ...personalTokens, ...ofInside } }
  await using plane = await testPlane(policy, [aServer()], {}, undefined, { behindProxy: true })
  const proxied = { 'x-forwarded-for': '203.0.113.9' }
  const attempts = [
    { ...proxied, forwarded: 'for=127.0.0.1' },
    { ...proxied, forwarded: 'for=_hidden' },
    { 'x-forwarded-for': '127.0.0.1, 203.0.113.9' },
    { 'x-forwarded-for': 'unknown' },
    { 'x-forwarded-for': '127.0.0.1' },
    {},
  ]
  for (const headers of attempts) expect(await status(plane, inside, '/mcp', headers), JSON.stringify(headers)).toBe(401)
  expect(await status(plane, token, '/mcp', proxied)).toBe(200)
})

test('an unknown, expired or malformed personal token, and one of nobody, is refused like a wrong one', async () => {
  const nowS = Math.floor(Date.now() / 1000)
  const [good, expired, stranger, ofOddNetworks] = [
    aPersonalToken(),
    aPersonalToken({ expiresAtS: nowS - 1 }),
    aPersonalToken({ subject: uuidv7() }),
    aPersonalToken({ networks: ['anywhere'] }),
  ]
  const personalTokens = { ...good.personalTokens, ...expired.personalTokens, ...stranger.personalTokens, ...ofOddNetworks.personalTokens }
  await using plane = await testPlane({ grants, personalTokens }, [aServer()])
  const others = [
    expired.token,
    stranger.token,
    ofOddNetworks.token,
    aPersonalToken().token,
    `${good.token}=`,
    good.token.slice(0, -1),
    'bir_pat_',
  ]
  for (const token of others) expect(await status(plane, token)).toBe(401)
  expect(await status(plane, good.token)).toBe(200)
})

test('a personal token that was revoked or has expired is refused with that word, and recorded by its person and id', async () => {
  const [revoked, expired, soon] = [aPersonalToken(), aPersonalToken(), aPersonalToken({ expiresAtS: 1_790_000_000 })]
  const ended = (of: ReturnType<typeof aPersonalToken>, more: { revoked?: true; expiresAtS: number }) =>
    Object.fromEntries(Object.keys(of.personalTokens).map((hash) => [hash, { id: of.id, subject: ALICE, ...more }]))
  const endedPersonalTokens = {
    ...ended(revoked, { revoked: true, expiresAtS: 9_999_999_999 }),
    ...ended(expired, { expiresAtS: 1_790_000_000 }),
  }
  await using plane = await testPlane({ grants, personalTokens: soon.personalTokens, endedPersonalTokens }, [aServer()])
  const said = async (token: string) => {
    const call = modernRequest(token, 'tools/call', { name: 'get_thing', arguments: {} })
    const response = await fetch(`${plane.url}/mcp/things`, call)
    return [response.status, ((await response.json()) as { error: { message: string } }).error.message]
  }
  expect(await said(revoked.token)).toEqual([401, 'This token was revoked. Make another with `bir pat create`.'])
  const over = [401, 'This token expired at 14:13 UTC on 2026-09-21. Make another with `bir pat create`.']
  expect([await said(expired.token), await said(soon.token)]).toEqual([over, over])
  expect((await said(aPersonalToken().token))[1]).toMatch(/^This token is not of this gateway/)
  const recorded = () => plane.records().map(({ header: { reason, handle, client, tokenId } }) => [reason, handle, client, tokenId])
  await expect
    .poll(() => recorded().slice(0, 2))
    .toEqual([
      ['token-revoked', 'alice', 'personal-token', revoked.id],
      ['token-expired', 'alice', 'personal-token', expired.id],
    ])
  expect(JSON.stringify(plane.records())).not.toContain('bir_pat_')
})

test('a personal token of a person who is disabled is refused', async () => {
  const { token, personalTokens } = aPersonalToken()
  await using plane = await testPlane({ grants, personalTokens, disabled: ['alice'] }, [aServer()])
  expect(await status(plane, token)).toBe(403)
})

test('a personal token that is revoked is refused at once, and ends the call under way that it began', async () => {
  const { token, personalTokens } = aPersonalToken()
  const { server, begun } = aWaitingServer()
  await using plane = await testPlane({ grants, personalTokens }, [server])
  const call = fetch(`${plane.url}/mcp/things`, modernRequest(token, 'tools/call', { name: 'get_thing', arguments: {} }))
  await begun
  plane.use({ personalTokens: {} })
  expect(await (await call).text()).toMatch(/This token was revoked\./)
  expect(await status(plane, token)).toBe(401)
})

test('a personal token that expires ends no call under way', async () => {
  const { token, personalTokens, id } = aPersonalToken()
  const [hash = ''] = Object.keys(personalTokens)
  const expired = { personalTokens: {}, endedPersonalTokens: { [hash]: { id, subject: ALICE, expiresAtS: Math.floor(Date.now() / 1000) } } }
  const { server, begun, answer } = aWaitingServer()
  await using plane = await testPlane({ grants, personalTokens }, [server], {}, undefined, { revocationCheckMs: 5 })
  const call = fetch(`${plane.url}/mcp/things`, modernRequest(token, 'tools/call', { name: 'get_thing', arguments: {} }))
  await begun
  plane.use({ ...expired, revision: 2 })
  plane.use({ ...expired, revision: 3 })
  const again = await fetch(`${plane.url}/mcp/things`, modernRequest(token, 'tools/list', {}))
  expect([again.status, await again.text()]).toEqual([401, expect.stringMatching(/This token expired at /)])
  answer('whole')
  expect(await (await call).text()).toContain('whole')
})
