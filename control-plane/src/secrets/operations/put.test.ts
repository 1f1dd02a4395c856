import { expect, test } from 'vitest'
import { bucketOf } from '../../testing.ts'
import { apply } from '../../policy/apply.ts'
import { plan } from '../../policy/plan.ts'
import { aSecretWorld, aToken } from '../testing.ts'
import { history } from './history.ts'
import { list } from './list.ts'
import { put } from './put.ts'
import { remove } from './delete.ts'

const page = { first: 100 }

test('a good secret is saved with whose it is, what it may and when it ends, and its person has it', async () => {
  await using it = await aSecretWorld()
  const expiresAtMs = Date.now() + 400 * 86_400_000
  const token = it.good({ scopes: ['api'], expiresAtMs })
  const result = await put(it.alice, { server: 'vcs', fields: { token } })
  const expiresAt = new Date(expiresAtMs).toISOString()
  expect(result).toEqual({
    saved: true,
    verdict: 'ok',
    says: 'It is good.',
    owner: { login: 'alice' },
    scopes: ['api'],
    level: 'write',
    expiresAt,
    state: 'ok',
    revision: it.published.revision,
  })
  expect(it.published.marks).toContain(bucketOf({ id: it.alice.actor.id }))
  const { items } = await list(it.alice, page)
  expect(items).toMatchObject([
    {
      server: 'vcs',
      holder: { kind: 'person', handle: 'alice' },
      fields: ['token'],
      state: 'ok',
      level: 'write',
      expiresAt,
      savedBy: 'alice',
    },
  ])
  expect(JSON.stringify([result, items, it.recorded])).not.toContain(token)
  expect(it.recorded.at(-1)).toMatchObject({ action: 'secrets.put', target: 'vcs', detail: expect.stringContaining('person alice') })
})

test.for([
  ['a token that the service does not know', 'invalid', () => aToken()],
  ['a token of another system', 'wrong_kind', () => `other-${aToken()}`],
] as const)('%s is refused as %s, and nothing is stored', async ([, verdict, token]) => {
  await using it = await aSecretWorld()
  expect(await put(it.alice, { server: 'vcs', fields: { token: token() } })).toMatchObject({ saved: false, verdict })
  expect(await it.db.selectFrom('secret_values').selectAll().execute()).toEqual([])
  expect((await list(it.alice, page)).items).toMatchObject([{ id: null, server: 'vcs', state: 'missing', fields: ['token'] }])
  expect((await history(it.alice, page)).items).toMatchObject([{ act: 'refused', verdict, by: 'alice' }])
})

test.for([
  ['reset', 'unreachable'],
  ['html', 'service_error'],
  ['failing', 'service_error'],
  ['busy', 'rate_limited'],
] as const)('a service that is %s makes no verdict on the secret (%s): what was stored stays', async ([mood, verdict]) => {
  await using it = await aSecretWorld()
  await put(it.alice, { server: 'vcs', fields: { token: it.good() } })
  it.service.state.mood = mood
  expect(await put(it.alice, { server: 'vcs', fields: { token: aToken() } })).toMatchObject({ saved: false, verdict, state: 'ok' })
  expect((await list(it.alice, page)).items).toMatchObject([{ state: 'ok' }])
})

test('a service that is not reached is asked twice', async () => {
  await using it = await aSecretWorld()
  it.service.state.mood = 'reset'
  await put(it.alice, { server: 'vcs', fields: { token: aToken() } })
  expect(it.service.state.asked).toBeGreaterThanOrEqual(2)
})

test('a secret that expired, or may too little, is refused by its own word', async () => {
  await using it = await aSecretWorld()
  const expired = aToken()
  it.service.accounts.set(expired, 'expired')
  expect(await put(it.alice, { server: 'vcs', fields: { token: expired } })).toMatchObject({ saved: false, verdict: 'expired' })
  const weak = it.good({ scopes: [] })
  expect(await put(it.alice, { server: 'vcs', fields: { token: weak } })).toMatchObject({
    saved: false,
    verdict: 'insufficient_scope',
    missing: ['read_api'],
  })
})

test('who holds nothing on a server is told the same as for one that is not there', async () => {
  await using it = await aSecretWorld()
  const message = (server: string) => ({ code: 'not_found', message: `There is no server ${server}.` })
  await expect(put(it.bob, { server: 'vcs', fields: { token: aToken() } })).rejects.toMatchObject(message('vcs'))
  await expect(put(it.bob, { server: 'nothing', fields: { token: aToken() } })).rejects.toMatchObject(message('nothing'))
  expect(it.service.state.asked).toBe(0)
})

test('secrets of others, of groups and of all are for administrators, who are named as having saved them', async () => {
  await using it = await aSecretWorld()
  const token = it.good()
  for (const holder of [{ user: 'bob' }, { user: 'nobody' }, { group: 'staff' }, { shared: true }])
    await expect(put(it.alice, { server: 'vcs', fields: { token }, ...holder })).rejects.toMatchObject({ code: 'forbidden' })
  for (const holder of [{ user: 'bob' }, { group: 'staff' }, { shared: true }])
    expect(await put(it.ctx, { server: 'vcs', fields: { token }, ...holder })).toMatchObject({ saved: true })
  expect((await list(it.ctx, page)).items.map(({ holder, savedBy }) => [holder, savedBy])).toEqual([
    [{ kind: 'shared', handle: null }, 'operator:test'],
    [{ kind: 'group', handle: 'staff' }, 'operator:test'],
    [{ kind: 'person', handle: 'bob' }, 'operator:test'],
  ])
})

test('fields and values that cannot be are refused by name, before anything is asked', async () => {
  await using it = await aSecretWorld()
  const refused = (fields: Record<string, string>) => expect(put(it.alice, { server: 'vcs', fields })).rejects
  await refused({ pasword: 'x' }).toMatchObject({
    code: 'invalid_input',
    message: 'fields.pasword: there is no such field; vcs has token, key',
  })
  await refused({}).toMatchObject({ message: 'fields: name the fields to save; vcs has token, key' })
  await refused({ key: 'a\nb' }).toMatchObject({ message: 'fields.token: is missing (Access token)' })
  await refused({ token: ' x' }).toMatchObject({ message: expect.stringContaining('fields.token: it begins or ends with a blank') })
  await refused({ token: 'x'.repeat(65_537) }).toMatchObject({ message: expect.stringContaining('64 KiB') })
  await refused({ token: 'Bearer x' }).toMatchObject({ message: expect.stringContaining('header or scheme') })
  await expect(put(it.alice, { server: 'plain', fields: { token: 'x' } })).rejects.toMatchObject({
    message: 'plain needs no secret of people.',
  })
  expect(it.service.state.asked).toBe(0)
})

test('one field may be put when the rest is stored: the whole is proven, and the version rises', async () => {
  await using it = await aSecretWorld()
  const token = it.good()
  await put(it.alice, { server: 'vcs', fields: { token } })
  expect(await put(it.alice, { server: 'vcs', fields: { key: 'line 1\nline 2\n' } })).toMatchObject({ saved: true })
  expect(it.service.state.tokens).toEqual([token, token])
  const place = { holder: { kind: 'person' as const, id: it.alice.actor.id }, server: 'vcs' }
  expect((await it.ctx.secrets.store.read(place))?.fields).toEqual({ token, key: 'line 1\nline 2\n' })
  expect((await list(it.alice, page)).items).toMatchObject([{ fields: ['key', 'token'] }])
})

test('the version rises with every value, also after the secret was deleted', async () => {
  await using it = await aSecretWorld()
  const version = async () => (await it.db.selectFrom('secrets').select('version').executeTakeFirst())?.version
  await put(it.alice, { server: 'vcs', fields: { token: it.good() } })
  await put(it.alice, { server: 'vcs', fields: { token: it.good() } })
  expect(await version()).toBe(2)
  await remove(it.alice, { server: 'vcs' })
  expect(await version()).toBeUndefined()
  await put(it.alice, { server: 'vcs', fields: { token: it.good() } })
  expect(await version()).toBe(3)
})

test('of two who save at once one wins, and the other is told', async () => {
  await using it = await aSecretWorld()
  const tokens = [it.good(), it.good()]
  const open = it.service.holdUntilAsked(2)
  const ends = await Promise.allSettled(tokens.map((token) => put(it.alice, { server: 'vcs', fields: { token } })))
  await open
  expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  const lost = ends.find((end) => end.status === 'rejected')
  expect(lost?.reason).toMatchObject({ code: 'conflict', message: expect.stringContaining('changed this secret meanwhile') })
  const rows = await it.db.selectFrom('secrets').selectAll().execute()
  const stored = await it.ctx.secrets.store.read({ holder: { kind: 'person', id: it.alice.actor.id }, server: 'vcs' })
  expect(rows).toMatchObject([{ store_version: stored?.storeVersion, version: 1 }])
  expect(tokens[ends.findIndex(({ status }) => status === 'fulfilled')]).toBe(stored?.fields.token)
})

test('five refused secrets within a minute are the last of a person, also at once, and good ones do not count', async () => {
  await using it = await aSecretWorld()
  const bad = () => put(it.alice, { server: 'vcs', fields: { token: aToken() } })
  for (let n = 0; n < 6; n++) await put(it.alice, { server: 'vcs', fields: { token: it.good() } })
  it.service.state.asked = 0
  const ends = await Promise.allSettled(Array.from({ length: 14 }, bad))
  const refused = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason as { code: string; message: string }] : []))
  // A minute may end meanwhile, and the next one begins to count anew.
  expect([5, 10]).toContain(it.service.state.asked)
  expect(refused).toHaveLength(14 - it.service.state.asked)
  for (const { code, message } of refused) {
    expect(code).toBe('conflict')
    expect(message).toMatch(/^Too many tries: try again in \d{1,2} seconds\.$/)
  }
  expect(await put(it.ctx, { server: 'vcs', user: 'alice', fields: { token: it.good() } })).toMatchObject({ saved: true })
})

test('a service that does not answer takes no try away', async () => {
  await using it = await aSecretWorld()
  it.service.state.mood = 'failing'
  for (let n = 0; n < 7; n++)
    expect(await put(it.alice, { server: 'vcs', fields: { token: aToken() } })).toMatchObject({ verdict: 'service_error' })
})

test('who saves a secret for somebody without a grant on the server is told that nothing uses it', async () => {
  await using it = await aSecretWorld()
  const given = (user: string) => put(it.ctx, { server: 'vcs', user, fields: { token: it.good() } })
  expect(await given('bob')).toMatchObject({
    saved: true,
    warnings: ['bob has no grant on vcs: nothing uses this secret until there is one.'],
  })
  expect(await given('alice')).not.toHaveProperty('warnings')
})

test('a plan of a file without a server or a group says how many secrets it destroys, and applying it what it destroyed', async () => {
  await using it = await aSecretWorld()
  const given = () => ({ server: 'vcs', fields: { token: it.good() } })
  await put(it.alice, given())
  await put(it.ctx, { ...given(), group: 'staff' })
  expect(await plan(it.ctx, { file: { groups: {} } })).toMatchObject({ removed: ['1 secret of the group staff'] })
  const file = { servers: { plain: { kind: 'mounted' as const } }, groups: {} }
  const removed = ['2 secrets for the server vcs']
  expect(await plan(it.ctx, { file })).toMatchObject({ removed })
  expect(await apply(it.ctx, { file })).toMatchObject({ removed })
  expect(await plan(it.ctx, { file: { groups: { more: {} } } })).not.toHaveProperty('removed')
})
