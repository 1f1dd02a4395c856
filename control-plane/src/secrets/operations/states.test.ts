import type { SecretVerdict } from '@bir/sdk/contract/secret-verdict'
import { expect, test } from 'vitest'
import { bucketOf } from '../../testing.ts'
import { remove as removeGroup } from '../../groups/groups.ts'
import { put as putServer, remove as removeServer } from '../../servers/servers.ts'
import { exportPolicy } from '../../policy/export.ts'
import { put as putSettings } from '../../settings/settings.ts'
import { createProver } from '../proving/prover.ts'
import { aSecretWorld, aToken } from '../testing.ts'
import { check } from './check.ts'
import { remove } from './delete.ts'
import { erase } from '../erasures/erase.ts'
import { form, forms } from './form.ts'
import { history } from './history.ts'
import { list } from './list.ts'
import { put } from './put.ts'
import { takeReport } from './report.ts'
import { checkDueSecrets } from './schedule.ts'

const page = { first: 100 }
type World = Awaited<ReturnType<typeof aSecretWorld>>
const states = async (it: World) => (await list(it.alice, page)).items.map(({ state }) => state)
const saved = async (it: World, account: Parameters<World['good']>[0] = {}) => {
  const token = it.good(account)
  await put(it.alice, { server: 'vcs', fields: { token } })
  return token
}
const notAborted = new AbortController().signal

test('a stored secret that was revoked is found by a check: its state changes, once, and is published', async () => {
  await using it = await aSecretWorld()
  const token = await saved(it)
  expect(await check(it.alice, { server: 'vcs' })).toMatchObject({ verdict: 'ok', state: 'ok' })
  const before = it.published.revision
  it.service.accounts.delete(token)
  expect(await check(it.alice, { server: 'vcs' })).toMatchObject({ verdict: 'invalid', state: 'invalid', revision: before + 1 })
  expect(it.published.marks).toContain(bucketOf({ id: it.alice.actor.id }))
  await check(it.alice, { server: 'vcs' })
  expect(it.published.revision).toBe(before + 1)
  expect((await history(it.alice, page)).items.map(({ act, state }) => [act, state])).toEqual([
    ['checked', 'invalid'],
    ['saved', 'ok'],
  ])
  it.service.state.mood = 'failing'
  expect(await check(it.alice, { server: 'vcs' })).toMatchObject({ verdict: 'service_error', state: 'invalid' })
})

test('what nobody saved cannot be checked or deleted', async () => {
  await using it = await aSecretWorld()
  const message = 'There is no secret of person alice for vcs.'
  await expect(check(it.alice, { server: 'vcs' })).rejects.toMatchObject({ code: 'not_found', message })
  await expect(remove(it.alice, { server: 'vcs' })).rejects.toMatchObject({ code: 'not_found', message })
  await expect(remove(it.bob, { server: 'vcs' })).rejects.toMatchObject({ message: 'There is no server vcs.' })
})

test('the secrets of a person are erased with the key that sealed them, and a new one gets a new key', async () => {
  await using it = await aSecretWorld()
  await saved(it)
  const keys = () => it.ctx.db.selectFrom('secret_keys').selectAll().execute()
  const [before] = await keys()
  await expect(erase(it.ctx, {})).rejects.toMatchObject({ code: 'invalid_input' })
  await expect(erase(it.ctx, { user: 'alice', group: 'devs' })).rejects.toMatchObject({ code: 'invalid_input' })
  expect(await erase(it.ctx, { user: 'alice' })).toMatchObject({ removed: ['secret for vcs'] })
  expect(it.published.marks).toContain(bucketOf({ id: it.alice.actor.id }))
  expect(await keys()).toEqual([])
  expect(await it.ctx.db.selectFrom('secret_values').select('path').execute()).toEqual([])
  expect(await it.ctx.db.selectFrom('secret_erasures').select('server').execute()).toEqual([])
  expect((await history(it.alice, page)).items.map(({ act }) => act)).toEqual(['deleted', 'saved'])
  expect(await erase(it.ctx, { user: 'alice' })).not.toHaveProperty('removed')
  await saved(it)
  const [after] = await keys()
  expect(after?.wrapped).not.toEqual(before?.wrapped)
})

test('a server at another address gets no secret of before: it is moved, and put again for there', async () => {
  await using it = await aSecretWorld()
  const token = await saved(it)
  await putServer(it.ctx, { id: 'vcs', kind: 'mounted', settings: { url: 'http://127.0.0.1:1' } })
  expect(it.published.marks).toContain(bucketOf({ id: it.alice.actor.id }))
  expect(await states(it)).toEqual(['moved'])
  const asked = it.service.state.asked
  expect(await check(it.alice, { server: 'vcs' })).toMatchObject({ verdict: 'unchecked', state: 'moved' })
  await expect(put(it.alice, { server: 'vcs', fields: { key: 'k' } })).rejects.toMatchObject({
    message: expect.stringContaining('token: is missing'),
  })
  await checkDueSecrets(it.ctx, () => undefined, notAborted)
  expect(it.service.state.asked).toBe(asked)
  await putServer(it.ctx, { id: 'vcs', kind: 'mounted', settings: { url: it.service.url } })
  expect(await states(it)).toEqual(['moved'])
  expect(await check(it.alice, { server: 'vcs' })).toMatchObject({ verdict: 'ok', state: 'ok' })
  expect(it.service.state.tokens.at(-1)).toBe(token)
})

test('a moved secret that is tried while its server moves away again stays moved', async () => {
  await using it = await aSecretWorld()
  await saved(it)
  const at = (url: string) => putServer(it.ctx, { id: 'vcs', kind: 'mounted', settings: { url } })
  await at('http://127.0.0.1:1')
  await at(it.service.url)
  const { prove } = it.ctx.secrets
  const slow: typeof prove = async (trial) => {
    const verdict = await prove(trial)
    await at('http://127.0.0.1:1')
    return verdict
  }
  const checking = check({ ...it.alice, secrets: { ...it.ctx.secrets, prove: slow } }, { server: 'vcs' })
  expect(await checking).toMatchObject({ verdict: 'ok', state: 'moved' })
  expect(await states(it)).toEqual(['moved'])
})

test('secrets go with their server and their group, values too, and the answer says how many', async () => {
  await using it = await aSecretWorld()
  await saved(it)
  await put(it.ctx, { server: 'vcs', group: 'staff', fields: { token: it.good() } })
  expect(await removeGroup(it.ctx, { handle: 'staff' })).toMatchObject({ removed: expect.arrayContaining(['1 secret']) })
  expect(await it.db.selectFrom('secret_values').select('path').execute()).toHaveLength(1)
  expect(await removeServer(it.ctx, { id: 'vcs' })).toMatchObject({ removed: expect.arrayContaining(['1 secret']) })
  expect(it.published.marks).toContain(bucketOf({ id: it.alice.actor.id }))
  for (const table of ['secrets', 'secret_values', 'secret_erasures'] as const)
    expect(await it.db.selectFrom(table).selectAll().execute()).toEqual([])
})

test('values that the store did not destroy in time are destroyed before something new lies there', async () => {
  await using it = await aSecretWorld()
  await saved(it)
  const { store } = it.ctx.secrets
  const away = { ...it.ctx, secrets: { ...it.ctx.secrets, store: { ...store, delete: async () => Promise.reject(new Error('away')) } } }
  await removeServer(away, { id: 'vcs' })
  const place = { holder: { kind: 'person' as const, id: it.alice.actor.id }, server: 'vcs' }
  expect(await store.read(place)).toBeDefined()
  await putServer(it.ctx, { id: 'vcs', kind: 'mounted', settings: { url: it.service.url } })
  const token = it.good()
  await put(it.ctx, { server: 'vcs', user: 'alice', fields: { token } })
  expect(await it.db.selectFrom('secret_erasures').selectAll().execute()).toEqual([])
  expect((await store.read(place))?.fields).toEqual({ token })
})

test('a plane that reports a refused secret changes its state, for the present value alone', async () => {
  await using it = await aSecretWorld()
  await saved(it)
  const holder = { kind: 'person' as const, id: it.alice.actor.id }
  const invalid = { verdict: 'invalid' as const, says: 'It was revoked.' }
  await takeReport(it.ctx, { server: 'vcs', holder, version: 2, verdict: invalid })
  await takeReport(it.ctx, { server: 'vcs', holder, version: 1, verdict: { verdict: 'unreachable', says: 'No answer.' } })
  expect(await states(it)).toEqual(['ok'])
  await takeReport(it.ctx, { server: 'vcs', holder, version: 1, verdict: invalid })
  expect(await states(it)).toEqual(['invalid'])
})

test('secrets that are due are tried again, and those whose end has come are expired', async () => {
  await using it = await aSecretWorld()
  const token = await saved(it)
  await put(it.ctx, { server: 'vcs', user: 'bob', fields: { token: it.good({ expiresAtMs: Date.now() + 60_000 }) } })
  it.service.accounts.delete(token)
  await checkDueSecrets(it.ctx, () => undefined, notAborted)
  expect(await states(it)).toEqual(['ok'])
  const past = new Date(Date.now() - 1000)
  await it.db.updateTable('secrets').set({ check_after: past }).where('holder_id', '=', it.alice.actor.id).execute()
  await it.db.updateTable('secrets').set({ expires_at: past }).where('holder_id', '=', it.bob.actor.id).execute()
  await putSettings(it.ctx, { secretCheckEveryMs: 0 })
  await checkDueSecrets(it.ctx, () => undefined, notAborted)
  expect(await states(it)).toEqual(['ok'])
  await putSettings(it.ctx, { secretCheckEveryMs: 60_000 })
  await Promise.all([1, 2].map(() => checkDueSecrets(it.ctx, () => undefined, notAborted)))
  expect(await states(it)).toEqual(['invalid'])
  expect(it.service.state.tokens.filter((asked) => asked === token)).toHaveLength(2)
  expect(await it.db.selectFrom('secrets').select('state').where('holder_id', '=', it.bob.actor.id).execute()).toEqual([
    { state: 'expired' },
  ])
})

test('a database that fails after the store has the value loses nothing: the same again saves it', async () => {
  await using it = await aSecretWorld()
  await saved(it)
  const token = it.good()
  const failing = { ...it.alice, recordChange: async () => Promise.reject(Object.assign(new Error('no space'), { code: '53100' })) }
  await expect(put(failing, { server: 'vcs', fields: { token } })).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('lies in the store already'),
  })
  const place = { holder: { kind: 'person' as const, id: it.alice.actor.id }, server: 'vcs' }
  expect((await it.ctx.secrets.store.read(place))?.fields).toEqual({ token })
  expect(await states(it)).toEqual(['ok'])
  expect(await put(it.alice, { server: 'vcs', fields: { token } })).toMatchObject({ saved: true })
})

test('the policy says whose a secret must be, and whether it may do too much', async () => {
  await using it = await aSecretWorld()
  const policy = (secret: object) => putServer(it.ctx, { id: 'vcs', kind: 'mounted', secret })
  const give = (account: Parameters<typeof it.good>[0]) => put(it.alice, { server: 'vcs', fields: { token: it.good(account) } })
  await policy({ owner: 'same' })
  expect(await give({ login: 'mallory' })).toMatchObject({
    saved: false,
    verdict: 'wrong_person',
    says: expect.stringContaining('mallory'),
  })
  expect(await give({ login: 'ALICE' })).toMatchObject({ saved: true })
  expect(await give({ login: 'a.l', email: 'Subject-of-alice' })).toMatchObject({ saved: true })
  expect(await give({ scopes: ['read_api', 'admin'] })).toMatchObject({ saved: true, warnings: [expect.stringContaining('admin')] })
  await policy({ excess: 'refuse' })
  expect(await give({ scopes: ['read_api', 'admin'] })).toMatchObject({
    saved: false,
    verdict: 'ok',
    says: expect.stringContaining('admin'),
  })
  await policy({ from: ['group'] })
  await expect(give({})).rejects.toMatchObject({ message: expect.stringContaining('secret.from is group') })
  expect((await exportPolicy(it.ctx)).servers?.vcs).toMatchObject({ secret: { from: ['group'] } })
  await policy({})
  expect((await exportPolicy(it.ctx)).servers?.vcs).not.toHaveProperty('secret')
})

test('an administrator may save unchecked what nobody can check, where the policy allows it, and it is marked', async () => {
  await using it = await aSecretWorld()
  it.service.state.mood = 'reset'
  const unchecked = { server: 'vcs', user: 'alice', fields: { token: aToken() }, unchecked: true }
  await expect(put(it.ctx, unchecked)).rejects.toMatchObject({ message: expect.stringContaining('secret.unchecked: true') })
  await putServer(it.ctx, { id: 'vcs', kind: 'mounted', secret: { unchecked: true } })
  const { user: _, ...own } = unchecked
  await expect(put(it.alice, own)).rejects.toMatchObject({ code: 'forbidden' })
  expect(await put(it.ctx, unchecked)).toMatchObject({ saved: true, verdict: 'unreachable', state: 'unchecked' })
  it.service.state.mood = 'well'
  expect(await put(it.ctx, unchecked)).toMatchObject({ saved: false, verdict: 'invalid' })
  expect((await list(it.alice, page)).items).toMatchObject([{ state: 'unchecked', unchecked: true }])
})

test('a person sees their own secrets whole, and of shared ones that they are there; others see nothing', async () => {
  await using it = await aSecretWorld()
  await saved(it)
  await put(it.ctx, { server: 'vcs', group: 'staff', fields: { token: it.good() } })
  await put(it.ctx, { server: 'vcs', shared: true, fields: { token: it.good() } })
  await put(it.ctx, { server: 'vcs', user: 'bob', fields: { token: it.good({ login: 'bob' }) } })
  const seen = (await list(it.alice, page)).items
  expect(seen.map(({ holder: { kind }, owner, savedBy }) => [kind, owner?.login ?? null, savedBy])).toEqual([
    ['shared', null, null],
    ['group', null, null],
    ['person', 'alice', 'alice'],
  ])
  expect((await list(it.bob, page)).items).toMatchObject([{ holder: { handle: 'bob' } }])
  await expect(list(it.alice, { ...page, user: 'bob' })).rejects.toMatchObject({ code: 'not_found' })
  await expect(list(it.alice, { ...page, group: 'staff' })).rejects.toMatchObject({ code: 'forbidden' })
  await expect(history(it.alice, { ...page, group: 'staff' })).rejects.toMatchObject({ code: 'forbidden' })
  expect((await list(it.ctx, { ...page, group: 'staff' })).items).toHaveLength(1)
})

test('pages hold every secret once, by state too, and end with what is missing', async () => {
  await using it = await aSecretWorld()
  const soon = Date.now() + 86_400_000
  for (let n = 0; n < 5; n++) {
    await it.aPerson(`p${n}`)
    await put(it.ctx, { server: 'vcs', user: `p${n}`, fields: { token: it.good(n % 2 ? { expiresAtMs: soon } : {}) } })
  }
  const found: string[] = []
  let after: string | undefined
  do {
    const { items, next }: Awaited<ReturnType<typeof list>> = await list(it.ctx, { first: 2, ...(after !== undefined && { after }) })
    found.push(...items.map(({ holder }) => holder.handle ?? ''))
    after = next ?? undefined
  } while (after !== undefined)
  expect(found).toEqual(['p4', 'p3', 'p2', 'p1', 'p0'])
  expect((await list(it.ctx, { ...page, state: 'expiring' })).items.map(({ holder }) => holder.handle)).toEqual(['p3', 'p1'])
  expect((await list(it.ctx, { ...page, state: 'ok' })).items).toHaveLength(3)
  expect((await list(it.ctx, { ...page, user: 'alice' })).items).toMatchObject([{ server: 'vcs', state: 'missing' }])
  const { next } = await list(it.ctx, { first: 1, user: 'alice', state: 'missing' })
  expect(next).toBeNull()
})

test('the form says what a server asks for, to those who may use it', async () => {
  await using it = await aSecretWorld()
  it.ctx.secrets.portalUrl = 'https://portal.example/'
  expect(await form(it.alice, { server: 'vcs' })).toEqual({
    server: 'vcs',
    fields: [
      { name: 'token', title: 'Access token', help: 'Make one in your profile.', lines: false, required: true },
      { name: 'key', title: 'Signing key', lines: true, required: false },
    ],
    createAt: `${it.service.url}/tokens`,
    page: 'https://portal.example/secrets#vcs',
    scopes: { read: ['read_api'], write: ['api'] },
    order: ['person', 'group', 'shared'],
    proven: true,
  })
  await expect(form(it.bob, { server: 'vcs' })).rejects.toMatchObject({ code: 'not_found' })
  expect((await forms(it.alice, {})).items.map(({ server }) => server)).toEqual(['vcs'])
  expect((await forms(it.bob, {})).items).toEqual([])
})

test('a secret for a remote server is tried by data planes; where none can say, it is saved only where the policy allows', async () => {
  await using it = await aSecretWorld()
  const far = {
    id: 'far',
    kind: 'remote' as const,
    url: 'https://far.example/mcp',
    headers: { 'x-token': { secret: 'token', of: 'person' as const } },
  }
  await putServer(it.ctx, far)
  expect(await form(it.ctx, { server: 'far' })).toMatchObject({ proven: true })
  expect(await form(it.ctx, { server: 'plain' })).toMatchObject({ fields: [], proven: false })
  const { store } = it.ctx.secrets
  const give = (verdict: SecretVerdict, more: object = {}) => {
    const prove = createProver({ store, secretsDir: undefined, proveAtPlanes: async () => verdict })
    return put({ ...it.ctx, secrets: { store, prove } }, { server: 'far', user: 'alice', fields: { token: aToken() }, ...more })
  }
  const unsaid: SecretVerdict = { verdict: 'unreachable', says: 'No data plane runs that could try it.' }
  expect(await give({ verdict: 'invalid', says: 'The server says no.' })).toMatchObject({ saved: false, verdict: 'invalid' })
  expect(await give(unsaid)).toMatchObject({ saved: false, ...unsaid })
  await expect(give(unsaid, { unchecked: true })).rejects.toMatchObject({ message: expect.stringContaining('secret.unchecked: true') })
  expect((await list(it.ctx, { ...page, server: 'far' })).items).toEqual([])
  await putServer(it.ctx, { ...far, secret: { unchecked: true } })
  expect(await give(unsaid)).toMatchObject({ saved: false, ...unsaid })
  expect(await give(unsaid, { unchecked: true })).toMatchObject({ saved: true, ...unsaid, state: 'unchecked' })
  expect(await give({ verdict: 'ok', says: 'It lists its tools.' })).toMatchObject({ saved: true, verdict: 'ok', state: 'ok' })
})
