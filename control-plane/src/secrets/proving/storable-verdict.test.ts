import { expect, test } from 'vitest'
import { check } from '../operations/check.ts'
import { history } from '../operations/history.ts'
import { put } from '../operations/put.ts'
import { aSecretWorld } from '../testing.ts'

test.for(['alice\u0000', 'alice\uD800', '\uDC00alice'])('a service that calls a person %j is believed all the same', async (login) => {
  await using it = await aSecretWorld()
  const token = it.good({ login })
  expect(await put(it.alice, { server: 'vcs', fields: { token } })).toMatchObject({ saved: true })
  it.service.accounts.set(token, { login, scopes: [] })
  expect(await check(it.alice, { server: 'vcs' })).toMatchObject({ verdict: 'insufficient_scope', state: 'insufficient_scope' })
  expect((await history(it.alice, { first: 9 })).items.map(({ act }) => act)).toEqual(['checked', 'saved'])
})

test.for([
  [Number.MAX_SAFE_INTEGER, 'ok', '9999-12-31T00:00:00.000Z'],
  [Number.MIN_SAFE_INTEGER, 'expired', '1970-01-01T00:00:00.000Z'],
] as const)('a secret that ends at %i is saved with a moment that can be written', async ([expiresAtMs, state, expiresAt]) => {
  await using it = await aSecretWorld()
  const token = it.good({ expiresAtMs })
  expect(await put(it.alice, { server: 'vcs', fields: { token } })).toMatchObject({ saved: true, state, expiresAt })
})
