import { uuidv7 } from '@bir/sdk/contract/uuid'
import { expect, test } from 'vitest'
import type { Ctx } from '../base/context.ts'
import { procedures, perform } from '../base/perform.ts'
import { operations } from '../faces/operations.ts'
import { put } from '../settings/settings.ts'
import { aControlPlane } from '../testing.ts'
import { revoke } from '../tokens/revoke.ts'
import { setDisabled } from '../users/users.ts'
import { startSession } from './start-session.ts'
import type { NewSession } from './start-session.ts'
import { sweepSessions } from './sweep.ts'

const dayMs = 24 * 60 * 60_000

interface Page {
  items: { sid: string; user: string; client: string }[]
  next: string | null
}

async function aSite() {
  const it = await aControlPlane()
  const ids = { alice: (await it.aPerson('alice')).id, bob: (await it.aPerson('bob')).id }
  const started = (more: Partial<NewSession> = {}) => {
    const session = { kind: 'client' as const, userId: ids.alice, clientId: 'assistant', address: '192.0.2.1', userAgent: 'Assistant/1.0' }
    return it.db.transaction().execute((trx) => startSession(trx, { ...session, ...more }))
  }
  const does = (path: 'sessions.list' | 'sessions.end', ctx: Ctx, input: object = {}) => {
    const procedure = procedures.find((one) => one.path === path)
    if (!procedure) throw new Error(`no ${path}`)
    return perform(operations, ctx, procedure, input)
  }
  const listed = async (ctx: Ctx, input?: object) => (await does('sessions.list', ctx, input)) as Page
  const sids = async (ctx: Ctx, input?: object) => (await listed(ctx, input)).items.map(({ sid }) => sid)
  const ended = (ctx: Ctx, sid: string) => does('sessions.end', ctx, { sid })
  const revoked = async () => (await it.db.selectFrom('revocations').select('id').execute()).map(({ id }) => id)
  return { ...it, ids, started, listed, sids, ended, revoked, [Symbol.asyncDispose]: it[Symbol.asyncDispose] }
}

test('people see their own sessions, newest first; administrators may name anybody, and the operator sees those of everybody', async () => {
  await using site = await aSite()
  const first = await site.started({ clientName: 'Assistant' })
  const second = await site.started({ kind: 'token', lifeMs: 60_000, actor: 'operator:root' })
  const bobs = await site.started({ userId: site.ids.bob })
  const alice = await site.as('alice')
  const page = await site.listed(alice)
  expect(page.items.map(({ sid }) => sid).toSorted()).toEqual([first, second].toSorted())
  expect(page.items.find(({ sid }) => sid === first)).toMatchObject({
    user: 'alice',
    kind: 'client',
    client: 'assistant',
    clientName: 'Assistant',
    ip: '192.0.2.1',
    userAgent: 'Assistant/1.0',
  })
  expect(await site.sids(alice, { user: 'alice' })).toHaveLength(2)
  for (const user of ['bob', 'nobody']) await expect(site.listed(alice, { user }), user).rejects.toMatchObject({ code: 'forbidden' })

  expect(await site.sids({ ...alice, actor: { ...alice.actor, administrator: true } })).toHaveLength(2)
  expect(await site.sids(site.ctx)).toHaveLength(3)
  expect(await site.sids(site.ctx, { user: 'bob' })).toEqual([bobs])
  await expect(site.listed(site.ctx, { user: 'nobody' })).rejects.toMatchObject({ code: 'not_found' })
  const { items, next } = await site.listed(site.ctx, { first: 2 })
  expect([...items.map(({ sid }) => sid), ...(await site.sids(site.ctx, { first: 2, after: next }))].toSorted()).toEqual(
    [first, second, bobs].toSorted(),
  )
})

test('somebody without a person has no sessions of their own, and sees none', async () => {
  await using site = await aSite()
  await site.started()
  const stranger = { ...site.ctx, actor: { id: 'x', label: 'alice', administrator: false } }
  await expect(site.listed(stranger)).rejects.toMatchObject({ code: 'forbidden' })
})

test('what has ended, was not used for too long, or is over, is in no list', async () => {
  await using site = await aSite()
  const [ended, idle, over, good] = [await site.started(), await site.started(), await site.started(), await site.started()]
  await site.ended(site.ctx, ended)
  const at = (sid: string, set: { until?: Date; used_at?: Date }) =>
    site.db.updateTable('sessions').set(set).where('sid', '=', sid).execute()
  await at(over, { until: new Date(Date.now() - 1) })
  await at(idle, { used_at: new Date(Date.now() - dayMs) })
  await put(site.ctx, { session: { idleMs: dayMs / 2 } })
  expect(await site.sids(site.ctx)).toEqual([good])
})

test('people end their own sessions alone; the tokens of it are refused by the planes from the next revision on', async () => {
  await using site = await aSite()
  const [mine, bobs] = [await site.started(), await site.started({ userId: site.ids.bob })]
  await site.db.insertInto('refresh_tokens').values({ token_hash: 'h', sid: mine, client_id: 'assistant' }).execute()
  const alice = await site.as('alice')
  for (const sid of [bobs, uuidv7()]) await expect(site.ended(alice, sid)).rejects.toMatchObject({ code: 'not_found' })
  expect(await site.revoked()).toEqual([])

  const { revision } = site.published
  expect(await site.ended(alice, mine)).toEqual({ revision: revision + 1 })
  expect(await site.revoked()).toEqual([mine])
  expect(await site.db.selectFrom('refresh_tokens').selectAll().execute()).toEqual([])
  expect(site.recorded.at(-1)).toMatchObject({ action: 'sessions.end', target: 'alice', detail: `session ${mine}` })
  await expect(site.ended(alice, mine), 'it has ended').rejects.toMatchObject({ code: 'not_found' })
  await site.ended(site.ctx, bobs)
  expect((await site.revoked()).toSorted()).toEqual([mine, bobs].toSorted())
})

test('to revoke the tokens of a session is to end it', async () => {
  await using site = await aSite()
  const sid = await site.started()
  await revoke(site.ctx, { sid })
  expect(await site.sids(site.ctx)).toEqual([])
  expect(await site.revoked()).toEqual([sid])
})

test('disabling somebody ends their sessions, refresh tokens, codes and devices, and those of nobody else', async () => {
  await using site = await aSite()
  const [mine, bobs] = [await site.started(), await site.started({ userId: site.ids.bob })]
  for (const sid of [mine, bobs]) {
    const shared = { client_id: 'assistant', audience: 'a', scope: 'mcp', expires_at: new Date(Date.now() + dayMs) }
    await site.db.insertInto('refresh_tokens').values({ token_hash: sid, sid, client_id: 'assistant' }).execute()
    await site.db
      .insertInto('authorization_codes')
      .values({ code_hash: sid, sid, redirect_uri: 'r', code_challenge: 'c', ...shared })
      .execute()
    await site.db
      .insertInto('device_codes')
      .values({ device_hash: sid, user_code_hash: sid, interval_s: 5, state: 'approved', sid, ...shared })
      .execute()
    const { expires_at } = shared
    await site.db
      .insertInto('sign_ins')
      .values({ id_hash: sid, browser_hash: 'b', purpose: 'page', request: '{}', sid, expires_at })
      .execute()
  }
  await setDisabled(site.ctx, { handle: 'alice', disabled: true })
  for (const table of ['refresh_tokens', 'authorization_codes', 'device_codes'] as const)
    expect(
      (await site.db.selectFrom(table).select('sid').execute()).map(({ sid }) => sid),
      table,
    ).toEqual([bobs])
  const signIns = await site.db.selectFrom('sign_ins').select('sid').execute()
  expect(signIns.map(({ sid }) => sid).toSorted(), 'hers goes on without her session').toEqual([bobs, null])
  expect(await site.sids(site.ctx)).toEqual([bobs])
})

test('what time has ended is deleted, and what is needed to refuse it stays as long as it could be used', async () => {
  await using site = await aSite()
  const [live, over, used] = [await site.started(), await site.started(), await site.started({ kind: 'token', lifeMs: 5 * dayMs })]
  for (const sid of [over, used]) await site.ended(site.ctx, sid)
  const nowMs = Date.now()
  const ago = (ms: number) => new Date(nowMs - ms)
  const refresh = (token_hash: string, replaced_at: Date | null) =>
    site.db
      .insertInto('refresh_tokens')
      .values({ token_hash, sid: live, client_id: 'c', replaced_at, answer: Buffer.from('x') })
      .execute()
  await refresh('current', null)
  await refresh('just replaced', ago(1_000))
  await refresh('replaced', ago(dayMs))
  await refresh('replaced long ago', ago(8 * dayMs))
  const signIn = { browser_hash: 'b', purpose: 'page' as const, request: '{}' }
  await site.db
    .insertInto('sign_ins')
    .values([
      { ...signIn, id_hash: 'old', expires_at: ago(dayMs) },
      { ...signIn, id_hash: 'just expired', expires_at: ago(1) },
      { ...signIn, id_hash: 'new', expires_at: ago(-1) },
    ])
    .execute()

  await sweepSessions(site.db, nowMs)
  const rows = await site.db.selectFrom('refresh_tokens').select(['token_hash', 'answer']).orderBy('token_hash').execute()
  expect(rows.map(({ token_hash, answer }) => [token_hash, answer !== null])).toEqual([
    ['current', true],
    ['just replaced', true],
    ['replaced', false],
  ])
  expect(await site.db.selectFrom('sign_ins').select('id_hash').execute()).toEqual([{ id_hash: 'new' }])

  await sweepSessions(site.db, nowMs + 2 * dayMs)
  const left = await site.db.selectFrom('sessions').select('sid').execute()
  expect(left.map(({ sid }) => sid).toSorted(), 'the one of a token that has not expired').toEqual([live, used].toSorted())
  await sweepSessions(site.db, nowMs + 40 * dayMs)
  expect(await site.db.selectFrom('sessions').select('sid').execute()).toEqual([])
})
