import { expect, test } from 'vitest'
import { aControlPlane, bucketOf } from '../testing.ts'
import { get, list, put, setDisabled } from './users.ts'

test('a new person is in the bucket of their id, and only that bucket becomes dirty', async () => {
  await using it = await aControlPlane()
  const alice = await it.aPerson('alice')
  expect(it.published.marks).toEqual([bucketOf(alice), 'policy'].sort())
  expect(await get(it.ctx, { handle: 'alice' })).toEqual({
    id: alice.id,
    handle: 'alice',
    provider: 'demo',
    subject: 'subject-of-alice',
    name: null,
    email: null,
    administrator: false,
    disabled: false,
    kind: 'person',
    groups: [],
    awaitsEmail: null,
  })
})

test('the same input a second time changes nothing and makes no audit record', async () => {
  await using it = await aControlPlane()
  const alice = await it.aPerson('alice')
  expect(await it.aPerson('alice')).toEqual(alice)
  expect(it.published.revision).toBe(1)
  expect(it.recorded).toHaveLength(1)
})

test('fields that the input lacks stay unchanged', async () => {
  await using it = await aControlPlane()
  const who = { handle: 'alice', provider: 'demo', subject: '1' }
  await put(it.ctx, { ...who, name: 'Alice', administrator: true })
  expect(await put(it.ctx, { ...who, email: 'a@bank.example' })).toMatchObject({
    name: 'Alice',
    email: 'a@bank.example',
    administrator: true,
  })
})

test('a handle always stays with its person, and no person has two', async () => {
  await using it = await aControlPlane()
  await it.aPerson('alice')
  await expect(put(it.ctx, { handle: 'alice', provider: 'demo', subject: 'another' })).rejects.toMatchObject({ code: 'conflict' })
  const second = put(it.ctx, { handle: 'alicia', provider: 'demo', subject: 'subject-of-alice' })
  await expect(second).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('alice') })
  expect(it.recorded).toHaveLength(1)
})

test('disabling voids the tokens issued until then; enabling again does not bring them back', async () => {
  await using it = await aControlPlane()
  const alice = await it.aPerson('alice')
  const epoch = async () => Number((await it.db.selectFrom('users').select('epoch').executeTakeFirstOrThrow()).epoch)
  expect(await epoch()).toBe(0)

  const beforeSeconds = Math.floor(Date.now() / 1000)
  expect(await setDisabled(it.ctx, { handle: 'alice', disabled: true })).toMatchObject({ disabled: true })
  expect(it.published.marks).toContain(bucketOf(alice))
  const voided = await epoch()
  expect(voided).toBeGreaterThan(beforeSeconds)
  await setDisabled(it.ctx, { handle: 'alice', disabled: false })
  expect(await epoch()).toBe(voided)
})

test('the header of the audit record tells an act from its reversal, without what is personal', async () => {
  await using it = await aControlPlane()
  const who = { handle: 'alice', provider: 'demo', subject: '1' }
  await put(it.ctx, { ...who, email: 'a@bank.example' })
  await setDisabled(it.ctx, { handle: 'alice', disabled: true })
  await setDisabled(it.ctx, { handle: 'alice', disabled: false })
  await put(it.ctx, { handle: 'root', provider: 'demo', subject: '2', administrator: true })
  await put(it.ctx, { ...who, administrator: true, email: 'b@bank.example' })
  await put(it.ctx, { ...who, administrator: false })
  expect(it.recorded.map(({ action, target, summary }) => `${action} ${summary ?? target}`)).toEqual([
    'users.put alice',
    'users.setDisabled alice: disabled',
    'users.setDisabled alice: enabled',
    'users.put root',
    'users.put alice: administrator now',
    'users.put alice: administrator no more',
  ])
})

test('the error for an unknown person names them', async () => {
  await using it = await aControlPlane()
  await expect(get(it.ctx, { handle: 'mallory' })).rejects.toMatchObject({ code: 'not_found', message: 'There is no person mallory.' })
  await expect(setDisabled(it.ctx, { handle: 'mallory', disabled: true })).rejects.toMatchObject({ code: 'not_found' })
})

test('pages follow each other without gaps or repetitions, even if a person is added in between', async () => {
  await using it = await aControlPlane()
  for (const handle of ['dave', 'alice', 'carol', 'bob']) await it.aPerson(handle)
  const first = await list(it.ctx, { first: 2 })
  expect(first.items.map(({ handle }) => handle)).toEqual(['alice', 'bob'])
  await it.aPerson('aaron')
  const second = await list(it.ctx, { first: 2, after: first.next ?? '' })
  expect(second.items.map(({ handle }) => handle)).toEqual(['carol', 'dave'])
  expect(second.next).toBeNull()
  await expect(list(it.ctx, { first: 2, after: 'not a cursor' })).rejects.toMatchObject({ code: 'invalid_input' })
})

test('a search looks at handle, name and e-mail, and treats wildcards as plain characters', async () => {
  await using it = await aControlPlane()
  await put(it.ctx, { handle: 'alice', provider: 'demo', subject: '1', name: 'Alice 100%' })
  await put(it.ctx, { handle: 'bob', provider: 'demo', subject: '2', email: 'robert@bank.example' })
  const found = async (search: string) => (await list(it.ctx, { first: 10, search })).items.map(({ handle }) => handle)
  expect(await found('ALI')).toEqual(['alice'])
  expect(await found('robert')).toEqual(['bob'])
  expect(await found('%')).toEqual(['alice'])
  expect(await found('_')).toEqual([])
})

test('the last administrator keeps the role and is not disabled, also when two disable each other at once', async () => {
  await using it = await aControlPlane()
  const as = (handle: string, administrator: boolean) => put(it.ctx, { handle, provider: 'demo', subject: handle, administrator })
  await as('ada', true)
  await as('bea', true)
  const both = await Promise.allSettled(['ada', 'bea'].map((handle) => setDisabled(it.ctx, { handle, disabled: true })))
  expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  const last = both[0]?.status === 'rejected' ? 'ada' : 'bea'
  await expect(setDisabled(it.ctx, { handle: last, disabled: true })).rejects.toMatchObject({
    code: 'conflict',
    message: `${last} is the last administrator and cannot be disabled: make another person administrator first.`,
  })
  await expect(as(last, false)).rejects.toMatchObject({ code: 'conflict' })
  await as('cid', true)
  expect(await setDisabled(it.ctx, { handle: last, disabled: true })).toMatchObject({ disabled: true })
})
