import { decodeJwt } from 'jose'
import { expect, test } from 'vitest'
import { createAccessTokens } from './access-tokens.ts'
import { SessionEnded } from './faults.ts'
import { anAuthorizationServer } from './testing.ts'
import { createTokenEndpoint } from './token-endpoint.ts'

async function withTokens({ maxEntries }: { maxEntries?: number } = {}) {
  const server = await anAuthorizationServer()
  const clock = { nowMs: Date.now() }
  const endpoint = createTokenEndpoint(server.config)
  const tokens = createAccessTokens({ endpoint, nowMs: () => clock.nowMs, ...(maxEntries !== undefined && { maxEntries }) })
  return { server, clock, tokens, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

test('many who need a token at once wait for one request, and each gets that of their own session', async () => {
  await using it = await withTokens()
  const release = it.server.hold()
  const [alices, bobs] = ['alice', 'bob'].map((handle) => Promise.all(Array.from({ length: 20 }, () => it.tokens.get(handle, 'r'))))
  await expect.poll(() => it.server.forms.length).toBe(2)
  release()
  for (const [handle, got] of [
    ['alice', await alices],
    ['bob', await bobs],
  ] as const) {
    expect(new Set(got).size).toBe(1)
    expect(decodeJwt(got?.[0] ?? '')).toMatchObject({ sid: `session of ${handle}`, aud: 'r' })
  }
  expect(it.server.forms).toHaveLength(2)
})

test('a token is fetched anew a minute before it expires', async () => {
  await using it = await withTokens()
  const first = await it.tokens.get('alice', 'r')
  it.clock.nowMs += 539_000
  expect(await it.tokens.get('alice', 'r')).toBe(first)
  it.clock.nowMs += 1_000
  expect(await it.tokens.get('alice', 'r')).not.toBe(first)
})

test('no more tokens are kept than the limit, and the one that was used least lately goes', async () => {
  await using it = await withTokens({ maxEntries: 2 })
  const [alice] = [await it.tokens.get('alice', 'r'), await it.tokens.get('bob', 'r')]
  expect(await it.tokens.get('alice', 'r')).toBe(alice)
  await it.tokens.get('carol', 'r')
  expect(it.tokens.size).toBe(2)
  expect(await it.tokens.get('alice', 'r')).toBe(alice)
  const asked = it.server.forms.length
  await it.tokens.get('bob', 'r')
  expect(it.server.forms).toHaveLength(asked + 1)
})

test('a fault is not kept: the next who asks tries again', async () => {
  await using it = await withTokens()
  it.server.answersWith({ status: 400, body: { error: 'invalid_grant' } })
  const both = await Promise.allSettled([it.tokens.get('alice', 'r'), it.tokens.get('alice', 'r')])
  expect(both.map((one) => one.status === 'rejected' && one.reason instanceof SessionEnded)).toEqual([true, true])
  expect(it.tokens.size).toBe(0)
  it.server.answersWith(undefined)
  expect(await it.tokens.get('alice', 'r')).toBeDefined()
})

test('a token that was refused is fetched anew, once however many were refused with it; the tokens of others stay', async () => {
  await using it = await withTokens()
  const [alice, bob] = [await it.tokens.get('alice', 'r'), await it.tokens.get('bob', 'r')]
  await it.tokens.refused('alice', 'r', alice)
  const next = await it.tokens.get('alice', 'r')
  expect(next).not.toBe(alice)
  await it.tokens.refused('alice', 'r', alice)
  expect(await it.tokens.get('alice', 'r')).toBe(next)
  expect(await it.tokens.get('bob', 'r')).toBe(bob)
  it.tokens.forget('alice')
  expect(it.tokens.size).toBe(1)
})
