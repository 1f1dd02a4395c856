import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { SecretVerdict } from '@bir/sdk/contract/secret-verdict'
import { expect, test } from 'vitest'
import type { Fault } from '../../../testing/gitlab-stand-in/http/faults.ts'
import { gitlabShop } from '../testing.ts'
import gitlab from '../index.ts'

const never = new AbortController().signal
const noSecret = () => Promise.reject(new Error('none'))

/** Tries a token as the control plane does. Every verdict must be of the contract, and hold nothing of the token. */
async function prove(url: string, token: string, also: { signal?: AbortSignal; highestLevel?: 'read' } = {}): Promise<SecretVerdict> {
  const { signal = never, highestLevel } = also
  const options = { signal, readSecret: noSecret, ...(highestLevel && { highestLevel }) }
  const verdict = await gitlab.secret?.prove({ url }, { token }, options)
  expect(JSON.stringify(verdict)).not.toContain(token)
  return SecretVerdict.parse(verdict)
}

test('a good token is ok: whose it is, its scopes, when it ends and what it covers', async () => {
  await using shop = await gitlabShop()
  const verdict = await prove(shop.standIn.url, shop.tokens.bob)
  expect(verdict).toMatchObject({
    verdict: 'ok',
    owner: { login: 'bob', name: 'Bob', email: 'bob@example.com' },
    scopes: ['api'],
    level: 'destroy',
    excess: [],
  })
  const yearMs = 366 * 24 * 60 * 60 * 1000
  expect(verdict.expiresAtMs).toBeGreaterThan(Date.now())
  expect(verdict.expiresAtMs).toBeLessThan(Date.now() + yearMs)
  // It ends when a day begins, in UTC.
  expect((verdict.expiresAtMs ?? 0) % 86_400_000).toBe(0)
})

test('a token that may only read covers reading; one of a project belongs to its bot; one of OAuth is good too', async () => {
  await using shop = await gitlabShop()
  expect(await prove(shop.standIn.url, shop.tokens.bobReads)).toMatchObject({ verdict: 'ok', scopes: ['read_api'], level: 'read' })
  expect(await prove(shop.standIn.url, shop.tokens.project)).toMatchObject({
    verdict: 'ok',
    owner: { login: expect.stringMatching(/_bot_/) },
  })
  expect(await prove(shop.standIn.url, shop.tokens.oauth)).toMatchObject({ verdict: 'ok', owner: { login: 'bob' }, level: 'destroy' })
})

test('scopes that no tool needs are named: where people may only read, api is one of them', async () => {
  await using shop = await gitlabShop()
  const { world } = shop
  const token = world.addToken(world.user('bob'), { scopes: ['api', 'read_user', 'sudo', 'write_repository'] }).value
  expect(await prove(shop.standIn.url, token)).toMatchObject({ verdict: 'ok', excess: ['sudo', 'write_repository'] })
  expect(await prove(shop.standIn.url, token, { highestLevel: 'read' })).toMatchObject({ excess: ['api', 'sudo', 'write_repository'] })
})

test('expired, revoked, unknown, blocked and too narrow tokens are told apart, each with what to do', async () => {
  await using shop = await gitlabShop()
  const { world, tokens } = shop
  const narrow = world.addToken(world.user('bob'), { scopes: ['read_repository'] }).value
  const user = world.addToken(world.user('bob'), { scopes: ['read_user'] }).value
  const word = async (token: string) => {
    const { verdict, says, missing } = await prove(shop.standIn.url, token)
    return [verdict, says, ...(missing ?? [])]
  }
  expect(await word(tokens.expired)).toEqual(['expired', 'The token has expired. Make a new one in GitLab.'])
  expect(await word(tokens.revoked)).toEqual(['invalid', 'The token was revoked. Make a new one in GitLab.'])
  expect(await word('glpat-this-was-never-made')).toEqual(['invalid', expect.stringMatching(/^GitLab does not know this token\./)])
  expect(await word(tokens.blocked)).toEqual([
    'invalid',
    expect.stringMatching(/owner in\. It says: "403 Forbidden - Your account has been blocked\."/),
  ])
  expect(await word(narrow)).toEqual(['insufficient_scope', expect.stringContaining('read_api'), 'read_api'])
  expect(await word(user)).toEqual(['insufficient_scope', expect.stringContaining('read_api'), 'read_api'])
})

test.for<[token: string, says: string]>([
  ['glpat-aaabbb\u200B', 'U+200B'],
  ['glpat-\u0430aabbb', 'U+0430'],
  ['glpat-é', 'U+00E9'],
  [`glpat-${'a'.repeat(20_000)}`, '20006 characters'],
])('a token that nobody could send is called invalid, and is not sent: %#', async ([token, says]) => {
  await using shop = await gitlabShop()
  expect(await prove(shop.standIn.url, token)).toMatchObject({ verdict: 'invalid', says: expect.stringContaining(says) })
  expect(shop.standIn.requests).toEqual([])
})

test.for([
  ['glptt-0123456789abcdef', 'a trigger token of GitLab'],
  ['gldt-0123456789abcdef', 'a deploy token of GitLab'],
  ['glrt-0123456789abcdef', 'a runner token of GitLab'],
  ['glcbt-0123456789abcdef', 'a job token of GitLab'],
  ['glft-0123456789abcdef', 'a feed token of GitLab'],
  ['GR13489410123456789abc', 'a registration token of GitLab'],
  ['ghp_0123456789abcdef', 'a token of GitHub'],
  ['squ_0123456789abcdef', 'a user token of SonarQube'],
  ['eyJhbGciOi.eyJzdWIi.c2ln', 'a JSON Web Token'],
  ['https://gitlab.example.com/x', 'a web address'],
] as const)('%s looks like something else: it is not sent, and %s is named', async ([token, kind]) => {
  await using shop = await gitlabShop()
  expect(await prove(shop.standIn.url, token)).toMatchObject({ verdict: 'wrong_kind', says: expect.stringContaining(kind) })
  expect(shop.standIn.requests).toEqual([])
})

test.for<[Fault, string, RegExp]>([
  [{ as: 'rate_limited', retryAfterS: 120 }, 'rate_limited', /Try again in 120 s/],
  [{ as: 'status', status: 500 }, 'service_error', /fault of its own \(HTTP 500\)/],
  [{ as: 'login_page' }, 'service_error', /web page answered/],
  [{ as: 'redirect', to: 'https://sso.example.com/login' }, 'service_error', /leads to https:\/\/sso\.example\.com/],
  [{ as: 'reset' }, 'unreachable', /ended the connection/],
])('%j is no verdict on the token', async ([fault, word, says]) => {
  await using shop = await gitlabShop()
  shop.standIn.breakWith(fault)
  const verdict = await prove(shop.standIn.url, shop.tokens.bob)
  expect(verdict).toMatchObject({ verdict: word, says: expect.stringMatching(says) })
  expect(verdict.says).toMatch(/^The token was not checked/)
  expect(verdict.retryAfterS).toBe(word === 'rate_limited' ? 120 : undefined)
})

test('a service that is silent or away is unreachable, and the words say whose fault it is', async () => {
  await using shop = await gitlabShop()
  shop.standIn.breakWith({ as: 'silent' })
  expect(await prove(shop.standIn.url, shop.tokens.bob, { signal: AbortSignal.timeout(50) })).toMatchObject({
    verdict: 'unreachable',
    says: expect.stringContaining('did not answer in time'),
  })
  expect(await prove('http://127.0.0.1:1', 'glpat-x')).toMatchObject({ verdict: 'unreachable', says: expect.stringContaining('firewall') })
  expect(await prove('http://gitlab.invalid', 'glpat-x')).toMatchObject({
    verdict: 'unreachable',
    says: expect.stringContaining('nobody knows'),
  })
})

test('a token that is echoed by the service is not in the verdict', async () => {
  await using shop = await gitlabShop()
  shop.standIn.breakWith({ as: 'echo' })
  expect((await prove(shop.standIn.url, shop.tokens.bob)).verdict).not.toBe('ok')
})

/** A server that answers the paths below with these statuses and bodies: what the stand-in has no state for. */
async function answering(answers: Record<string, [status: number, body: unknown]>) {
  const listener: RequestListener = ({ url = '' }, response) => {
    const [status, body] = answers[url] ?? [404, { error: '404 Not Found' }]
    response.writeHead(status, { 'content-type': 'application/json' }).end(typeof body === 'string' ? body : JSON.stringify(body))
  }
  const server = createServer(listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await gitlab.close()
    },
  }
}

const self = '/api/v4/personal_access_tokens/self'
const bob = { username: 'bob', name: 'Bob', state: 'active' }

test('a GitLab before 15.5 does not tell scopes: the token is good for whatever it can', async () => {
  await using old = await answering({ '/api/v4/user': [200, bob] })
  const verdict = await prove(old.url, 'glpat-old')
  expect(verdict).toMatchObject({ verdict: 'ok', owner: { login: 'bob' } })
  expect([verdict.scopes, verdict.level]).toEqual([undefined, undefined])
})

test.for<[string, Record<string, [number, unknown]>, string, RegExp]>([
  ['no GitLab at the address', {}, 'service_error', /no API of GitLab/],
  ['JSON that is cut off', { [self]: [200, '{"scopes":["api"'] }, 'service_error', /does not speak as GitLab/],
  ['JSON of another form', { [self]: [200, { ok: true }] }, 'service_error', /form that the gateway does not know/],
  ['a token that is not active', { [self]: [200, { scopes: ['api'], active: false, revoked: false }] }, 'invalid', /no longer active/],
  ['revoked in the answer', { [self]: [200, { scopes: ['api'], active: false, revoked: true }] }, 'invalid', /revoked/],
  [
    'expired in the answer',
    { [self]: [200, { scopes: ['api'], active: false, revoked: false, expires_at: '2020-01-01' }] },
    'expired',
    /expired/,
  ],
  [
    'a proof of possession is wanted',
    { [self]: [401, { error: 'dpop_error', error_description: 'DPoP header is missing' }] },
    'wrong_kind',
    /DPoP/,
  ],
  [
    'impersonation is off',
    { [self]: [401, { error: 'invalid_token', error_description: 'Token is an impersonation token but impersonation was disabled.' }] },
    'invalid',
    /impersonation/,
  ],
  ['a rule of the instance', { [self]: [403, { message: '403 Forbidden' }] }, 'service_error', /rule of its own/],
  [
    'an owner who is not active',
    { [self]: [200, { scopes: ['api'], active: true, revoked: false }], '/api/v4/user': [200, { ...bob, state: 'deactivated' }] },
    'invalid',
    /not active/,
  ],
])('%s has a verdict of its own', async ([, answers, word, says]) => {
  await using service = await answering(answers)
  expect(await prove(service.url, 'glpat-some-token')).toMatchObject({ verdict: word, says: expect.stringMatching(says) })
})

test('an answer without an end is told as one that is too long, and not as one that did not come', async () => {
  const piece = `"${'a'.repeat(64 * 1024)}",`
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).write('[')
    const pour = () => {
      while (!response.destroyed && response.write(piece));
    }
    response.on('drain', pour)
    pour()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const verdict = await prove(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, 'glpat-some-token')
  expect(verdict).toMatchObject({ verdict: 'service_error', says: expect.stringMatching(/^The token was not checked.*more than 5 MB/) })
  expect(verdict.says).not.toContain('ended the connection')
  server.closeAllConnections()
  server.close()
  await gitlab.close()
})

test('check_server tries the token and one read, and says which failed', async () => {
  await using shop = await gitlabShop()
  expect(await gitlab.check(shop.context({}))).toMatchObject([
    { step: 'try your token', ok: true },
    { step: 'ask for its version', ok: true, detail: 'GitLab 17.5.1-ee' },
  ])
  expect(await gitlab.check(shop.context({ token: shop.tokens.revoked }))).toMatchObject([
    { ok: false, detail: expect.stringContaining('revoked') },
  ])
})
