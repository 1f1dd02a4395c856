import { createHash } from 'node:crypto'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import { sql } from 'kysely'
import { expect, test } from 'vitest'
import type { Ctx } from '../base/context.ts'
import { revoke as revokeToken } from '../tokens/revoke.ts'
import { aControlPlane } from '../testing.ts'
import { setDisabled } from '../users/users.ts'
import { put as putServiceAccount } from '../service-accounts/service-accounts.ts'
import { create, list, revoke } from './personal-tokens.ts'
import { MAX_ENDED_PERSONAL_TOKENS } from '@bir/sdk/contract/snapshot'
import { readEndedPersonalTokens, readPersonalTokens } from './published.ts'
import { deleteOldPersonalTokens, notePersonalTokens } from './used.ts'

const hashOf = (token: string) => createHash('sha256').update(token).digest('hex')

async function withPeople() {
  const it = await aControlPlane()
  await it.aPerson('alice')
  await it.aPerson('bob')
  await it.applied({ servers: { sql: { kind: 'mounted' }, charts: { kind: 'mounted' } } })
  await it.applied({ grants: [{ user: 'alice', server: 'sql', level: 'read' }] })
  const published = () => it.db.transaction().execute((trx) => readPersonalTokens(trx))
  const ended = () => it.db.transaction().execute((trx) => readEndedPersonalTokens(trx))
  return { ...it, alice: await it.as('alice'), bob: await it.as('bob'), published, ended }
}

const refused = (promise: Promise<unknown>, code: string, message: string | RegExp) =>
  expect(promise).rejects.toMatchObject({ code, message: typeof message === 'string' ? message : expect.stringMatching(message) })
const daysFromNow = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString()

/** As if all tokens had been made then. */
const madeDaysAgo = ({ db }: Awaited<ReturnType<typeof withPeople>>, days: number) =>
  db
    .updateTable('personal_tokens')
    .set({ made_at: new Date(daysFromNow(-days)) })
    .execute()

test('a person makes a token: it is shown once, its hash is published with its limits, and the record has no secret', async () => {
  await using it = await withPeople()
  const made = await create(it.alice, { name: 'laptop', servers: ['sql', 'sql'], networks: ['10.20.0.0/16', '2001:db8::7'] })
  expect(made.token).toMatch(/^bir_pat_[\w-]{43}$/)
  expect(made).toMatchObject({ user: 'alice', servers: ['sql'], networks: ['10.20.0.0/16', '2001:db8::7/128'] })
  expect(Date.parse(made.until) - Date.now()).toBeGreaterThan(29.9 * 86_400_000)
  const subject = it.alice.actor.id
  const { id, servers, networks } = made
  expect(await it.published()).toEqual({
    [hashOf(made.token)]: { id, subject, servers, networks, expiresAtS: Math.floor(Date.parse(made.until) / 1000) },
  })
  const dump = JSON.stringify([await it.db.selectFrom('personal_tokens').selectAll().execute(), it.recorded])
  expect(dump).toContain(hashOf(made.token))
  expect(dump).not.toContain(made.token.slice(8))
  expect(it.recorded.at(-1)).toMatchObject({ action: 'personalTokens.create', target: 'alice', actor: 'alice' })
  expect((await list(it.alice, { first: 10 })).items).toMatchObject([{ id, user: 'alice', state: 'good', lastUsed: null, madeBy: 'alice' }])
  expect((await list(it.bob, { first: 10 })).items).toEqual([])
})

test('a token that is made is given also when nobody can tell whether the planes hold it', async () => {
  await using it = await withPeople()
  await sql`alter table planes rename to planes_away`.execute(it.db)
  const { token } = await create(it.alice, { name: 'laptop' })
  expect(Object.keys(await it.published())).toEqual([hashOf(token)])
})

test('a revoked token is published no more, also when it is revoked by the id that the audit has of it', async () => {
  await using it = await withPeople()
  const [first, second] = [await create(it.alice, { name: 'one' }), await create(it.alice, { name: 'two', until: daysFromNow(300) })]
  await refused(revoke(it.bob, { id: first.id }), 'not_found', `There is no personal access token ${first.id}.`)
  const { revision } = await revoke(it.alice, { id: first.id })
  expect(Object.keys(await it.published())).toEqual([hashOf(second.token)])
  expect(await revoke(it.alice, { id: first.id })).toEqual({ revision })
  await revokeToken(it.ctx, { jti: second.id })
  expect(await it.published()).toEqual({})
  expect((await list(it.alice, { first: 10 })).items.map(({ state }) => state)).toEqual(['revoked', 'revoked'])
  await refused(revoke(it.ctx, { id: uuidv7() }), 'not_found', /There is no personal access token/)
})

test('disabling a person voids their tokens for good, and a new one counts again', async () => {
  await using it = await withPeople()
  const old = await create(it.alice, { name: 'old' })
  await setDisabled(it.ctx, { handle: 'alice', disabled: true })
  expect(await it.published()).toEqual({})
  await refused(create(it.alice, { name: 'new' }), 'conflict', 'alice is disabled.')
  await setDisabled(it.ctx, { handle: 'alice', disabled: false })
  expect(await it.published()).toEqual({})
  const fresh = await create(it.alice, { name: 'new' })
  expect(Object.keys(await it.published())).toEqual([hashOf(fresh.token)])
  const states = (await list(it.alice, { first: 10 })).items.map(({ id, state }) => [id, state])
  expect(states).toEqual([
    [fresh.id, 'good'],
    [old.id, 'void'],
  ])
})

test('a token that ended is published for 30 days as ended: revoked, voided with its person, or expired', async () => {
  await using it = await withPeople()
  const ofAlice = [await create(it.alice, { name: 'revoked' }), await create(it.alice, { name: 'expired' })] as const
  const ofBob = await create(it.bob, { name: 'void' })
  expect(await it.ended()).toEqual({})
  const ends = (id: string, days: number, column: 'expires_at' | 'revoked_at') =>
    it.db
      .updateTable('personal_tokens')
      .set({ [column]: new Date(daysFromNow(days)) })
      .where('id', '=', id)
      .execute()
  await revoke(it.alice, { id: ofAlice[0].id })
  await ends(ofAlice[1].id, -1, 'expires_at')
  await setDisabled(it.ctx, { handle: 'bob', disabled: true })
  const entry = ({ id, until }: { id: string; until: string }, subject: string) => ({
    id,
    subject,
    expiresAtS: Math.floor(Date.parse(until) / 1000),
  })
  const revokedOne = { ...entry(ofAlice[0], it.alice.actor.id), revoked: true }
  const void_ = { ...entry(ofBob, it.bob.actor.id), revoked: true }
  expect(await it.ended()).toEqual({
    [hashOf(ofAlice[0].token)]: revokedOne,
    [hashOf(ofAlice[1].token)]: { ...entry(ofAlice[1], it.alice.actor.id), expiresAtS: expect.any(Number) as number },
    [hashOf(ofBob.token)]: void_,
  })
  expect(await it.published()).toEqual({})
  await setDisabled(it.ctx, { handle: 'bob', disabled: false })
  expect(await it.ended()).toMatchObject({ [hashOf(ofBob.token)]: void_ })

  await ends(ofAlice[0].id, -31, 'revoked_at')
  await ends(ofAlice[1].id, -31, 'expires_at')
  expect(Object.keys(await it.ended())).toEqual([hashOf(ofBob.token)])
})

test('of ended tokens the newest of each person are published: who ends many pushes nobody else off', async () => {
  await using it = await withPeople()
  const [ofBob, ofAlice] = [await create(it.bob, { name: 'long ago' }), await create(it.alice, { name: 'just now' })]
  for (const made of [ofBob, ofAlice]) await revoke(it.ctx, { id: made.id })
  const daysAgo = (days: number) => new Date(daysFromNow(-days))
  await it.db
    .updateTable('personal_tokens')
    .set({ revoked_at: daysAgo(20) })
    .where('id', '=', ofBob.id)
    .execute()
  for (let at = 0; at < 25; at++) await it.aPerson(`p${at}`)
  const users = await it.db.selectFrom('users').select(['id', 'handle']).execute()
  const endedOnes = (userId: string, count: number) =>
    it.db
      .insertInto('personal_tokens')
      .values(
        Array.from({ length: count }, (_, age) => ({
          id: uuidv7(),
          user_id: userId,
          name: 'old',
          token_hash: hashOf(`${userId} ${age}`),
          servers: null,
          networks: null,
          made_by: 'alice',
          expires_at: new Date(daysFromNow(1)),
          revoked_at: new Date(Date.now() - age * 1000),
        })),
      )
      .execute()
  await endedOnes(it.alice.actor.id, 30)
  const ofOne = Object.values(await it.ended()).filter(({ subject }) => subject === it.alice.actor.id)
  expect(ofOne).toHaveLength(20)
  for (const { id } of users.filter(({ handle }) => handle.startsWith('p'))) await endedOnes(id, 25)
  const hashes = Object.keys(await it.ended())
  expect(hashes).toHaveLength(MAX_ENDED_PERSONAL_TOKENS)
  // Twenty-five people ended twenty each later than he did his one.
  expect(hashes).toContain(hashOf(ofBob.token))
  expect(hashes).not.toContain(hashOf(`${it.alice.actor.id} 19`))
})

test('nobody makes a token of somebody else: only the operator may, and nobody for a program', async () => {
  await using it = await withPeople()
  const admin: Ctx = { ...it.bob, actor: { ...it.bob.actor, administrator: true } }
  const borrowed: Ctx = { ...it.alice, actor: { ...it.alice.actor, through: 'service:ci' } }
  await refused(create(admin, { name: 'x', user: 'alice' }), 'forbidden', 'You may make personal access tokens of your own alone.')
  await refused(create(it.bob, { name: 'x', user: 'alice' }), 'forbidden', /of your own alone/)
  await refused(
    create(borrowed, { name: 'x' }),
    'forbidden',
    'service:ci acts for you here: make the token when you are signed in yourself.',
  )
  await refused(create(it.ctx, { name: 'x' }), 'invalid_input', 'user: name the person whose token it is.')
  await putServiceAccount(it.ctx, { handle: 'ci' })
  await refused(create(it.ctx, { name: 'x', user: 'ci' }), 'invalid_input', /^ci is a service account/)
  expect(await create(it.ctx, { name: 'x', user: 'alice' })).toMatchObject({ user: 'alice' })
  const through: Ctx = { ...it.alice, actor: { ...it.alice.actor, through: 'operator:root' } }
  expect(await create(through, { name: 'y' })).toMatchObject({ user: 'alice' })

  expect((await list(admin, { first: 10, user: 'alice' })).items).toHaveLength(2)
  expect((await list(it.ctx, { first: 1 })).items).toMatchObject([{ name: 'y' }])
  await refused(list(it.bob, { first: 10, user: 'alice' }), 'not_found', 'There is no person alice.')
  await revoke(admin, { id: (await list(admin, { first: 1, user: 'alice' })).items[0]?.id ?? '' })
  expect(Object.keys(await it.published())).toHaveLength(1)
})

test('a server that the person holds nothing on looks like one that does not exist', async () => {
  await using it = await withPeople()
  await refused(create(it.alice, { name: 'x', servers: ['charts'] }), 'not_found', 'There is no server charts.')
  await refused(create(it.alice, { name: 'x', servers: ['nothing'] }), 'not_found', 'There is no server nothing.')
  expect(await create(it.ctx, { name: 'x', user: 'alice', servers: ['charts'] })).toMatchObject({ servers: ['charts'] })
})

test('a token ends within a year, and a person has at most fifty good ones', async () => {
  await using it = await withPeople()
  await refused(create(it.alice, { name: 'x', until: daysFromNow(-1) }), 'invalid_input', /is past/)
  await refused(create(it.alice, { name: 'x', until: daysFromNow(367) }), 'invalid_input', /a year at most/)
  const made = []
  for (let at = 0; at < 50; at++) made.push(await create(it.alice, { name: `t${at}` }))
  await madeDaysAgo(it, 2)
  await refused(create(it.alice, { name: 'x' }), 'conflict', 'alice has 50 personal access tokens, which is the most: revoke one first.')
  await revoke(it.alice, { id: made[0]?.id ?? '' })
  expect(await create(it.alice, { name: 'x' })).toMatchObject({ name: 'x' })
})

test('fifty tokens of a person are made in a day, by whomever, however many are revoked meanwhile, and also at once', async () => {
  await using it = await withPeople()
  for (let at = 0; at < 47; at++) await revoke(it.alice, { id: (await create(it.alice, { name: 'x' })).id })
  await create(it.ctx, { name: 'x', user: 'alice' })
  const outcomes = await Promise.allSettled(Array.from({ length: 6 }, () => create(it.alice, { name: 'x' })))
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(2)
  const againAt =
    /^50 personal access tokens of alice were made in 24 hours, which is the most; revoked ones count\. Try again after (\S+)\.$/
  await refused(create(it.ctx, { name: 'x', user: 'alice' }), 'conflict', againAt)
  const said = await create(it.alice, { name: 'x' }).then(
    () => '',
    (error: Error) => error.message,
  )
  const inMs = Date.parse(againAt.exec(said)?.[1] ?? '') - Date.now()
  expect(inMs).toBeGreaterThan(86_000_000)
  expect(inMs).toBeLessThanOrEqual(86_400_000)
  expect(await create(it.bob, { name: 'x' }), 'somebody else').toMatchObject({ user: 'bob' })
  await madeDaysAgo(it, 1.001)
  expect(await create(it.alice, { name: 'x' }), 'a day later').toMatchObject({ user: 'alice' })
})

test.for<[network: string, why: string]>([
  ['', 'is no network'],
  ['10.0.0.0/8/8', 'is no network'],
  ['10.0.0', 'is no network'],
  ['0x0a.0.0.1', 'is no network'],
  ['010.0.0.1', 'is no network'],
  ['loopback', 'is no network'],
  ['fe80::1%eth0', 'is no network'],
  ['::ffff:10.0.0.1', 'is an IPv4 address in IPv6'],
  ['10.0.0.0/33', 'has no prefix length from 0 to 32'],
  ['2001:db8::/129', 'has no prefix length from 0 to 128'],
  ['10.0.0.0/-1', 'has no prefix length'],
  ['10.0.0.0/', 'has no prefix length'],
  ['10.1.2.3/8', 'has bits behind its prefix: write 10.0.0.0/8'],
  ['2001:db8::1/32', 'has bits behind its prefix: write 2001:db8::/32'],
])('the network %j is refused', async ([network, why]) => {
  await using it = await withPeople()
  await refused(create(it.alice, { name: 'x', networks: [network] }), 'invalid_input', new RegExp(`^networks: .*${why}`))
})

test('the last use is known from audit records, to the minute, and never lies in the future', async () => {
  await using it = await withPeople()
  const { id } = await create(it.alice, { name: 'x' })
  const nowMs = Date.now()
  const use = (tokenId: string, atMs: number, kind = 'call', httpStatus?: number) => ({ header: { tokenId, atMs, kind, httpStatus } })
  const lastUsed = async () => Date.parse((await list(it.alice, { first: 1 })).items[0]?.lastUsed ?? '')
  await notePersonalTokens(it.db, [use(id, nowMs, 'refusals'), use('0c9b8a7d-6e5f-4a3b-8c2d-1e0f9a8b7c6d', nowMs), use('x', nowMs)], nowMs)
  await notePersonalTokens(it.db, [use(id, nowMs, 'call', 401)], nowMs)
  expect(await lastUsed()).toBeNaN()
  await notePersonalTokens(it.db, [use(id, nowMs - 600_000), use(uuidv7(), nowMs), use(id, nowMs - 900_000)], nowMs)
  expect(await lastUsed()).toBe(nowMs - 600_000)
  await notePersonalTokens(it.db, [use(id, nowMs - 590_000)], nowMs)
  expect(await lastUsed()).toBe(nowMs - 600_000)
  await notePersonalTokens(it.db, [use(id, nowMs + 900_000)], nowMs)
  expect(await lastUsed()).toBe(nowMs)
})

test('what was revoked or is over stays to be seen for a month', async () => {
  await using it = await withPeople()
  const made = [await create(it.alice, { name: 'old' }), await create(it.alice, { name: 'new' })]
  for (const { id } of made) await revoke(it.alice, { id })
  await it.db
    .updateTable('personal_tokens')
    .set({ revoked_at: new Date(daysFromNow(-31)) })
    .where('id', '=', made[0]?.id ?? '')
    .execute()
  await deleteOldPersonalTokens(it.db)
  expect((await list(it.alice, { first: 10 })).items).toMatchObject([{ name: 'new', state: 'revoked' }])
})
