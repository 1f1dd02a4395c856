import { expect, test } from 'vitest'
import { aGateway, asked, exchange } from '../tokens/testing.ts'

const servers = { charts: { kind: 'mounted' as const } }
const dana = { name: 'Dana', email: 'Dana@bank.example' }
const file = {
  servers,
  users: { dana },
  groups: { staff: { members: ['dana'] } },
  grants: [
    { group: 'staff', server: 'charts', level: 'read' as const },
    { user: 'dana', server: 'charts', level: 'write' as const },
  ],
}
const herself = { sub: 's-1', preferred_username: 'd.miller', name: 'Dana Miller', email: 'dana@BANK.example', email_verified: true }

async function declared() {
  const made = await aGateway()
  const client = made.control.client()
  await client.policy.apply({ file })
  const signIn = async (claims: object) => asked(made.control, exchange(await made.idp.sign({ claims: { ...claims } })))
  return { client, signIn, [Symbol.asyncDispose]: () => made[Symbol.asyncDispose]() }
}

test('a declared person has grants before they sign in, and is who signs in with the verified address', async () => {
  await using made = await declared()
  const { client, signIn } = made
  expect(await client.users.get({ handle: 'dana' })).toMatchObject({
    name: 'Dana',
    subject: '',
    awaitsEmail: 'dana@bank.example',
    groups: ['staff'],
  })
  expect(await client.policy.explain({ user: 'dana', server: 'charts', tool: 'create_chart' })).toMatchObject({ allow: true })
  const { id } = await client.users.get({ handle: 'dana' })
  const { status, claims } = await signIn(herself)
  expect([status, claims.sub]).toEqual([200, id])
  expect(await client.users.get({ handle: 'dana' })).toMatchObject({ subject: 's-1', name: 'Dana Miller', awaitsEmail: null })
  expect(await client.policy.plan({ file })).toMatchObject({ edits: [], people: [] })
  expect((await client.policy.export()).users).toEqual({ dana })
})

test.for([
  ['who only calls themselves so', { preferred_username: 'dana' }],
  ['whose address is not verified', { preferred_username: 'dana', email: 'dana@bank.example', email_verified: false }],
  ['whose address is said to be verified in text', { preferred_username: 'dana', email: 'dana@bank.example', email_verified: 'true' }],
  ['with another verified address', { preferred_username: 'dana', email: 'other@bank.example', email_verified: true }],
] as const)('nobody becomes a declared person %s', async ([, claims]) => {
  await using made = await declared()
  const { client, signIn } = made
  const { status, body } = await signIn({ ...claims, sub: 'stranger' })
  expect([status, body.error]).toEqual([400, 'invalid_grant'])
  expect(await client.users.get({ handle: 'dana' })).toMatchObject({ awaitsEmail: 'dana@bank.example' })
  expect((await signIn(herself)).status).toBe(200)
  expect((await signIn({ ...herself, sub: 'second', preferred_username: 'second' })).status).toBe(200)
  expect(await client.users.get({ handle: 'dana' })).toMatchObject({ subject: 's-1' })
})

test('a declared subject is certain, whatever name and address come with it', async () => {
  await using made = await declared()
  const { client, signIn } = made
  await client.policy.apply({ file: { users: { dana: { subject: 's-9' } } } })
  expect((await signIn({ ...herself, preferred_username: 'other' })).status).toBe(200)
  expect((await signIn({ sub: 's-9', preferred_username: 'someone' })).status).toBe(200)
  expect(await client.users.get({ handle: 'dana' })).toMatchObject({ subject: 's-9' })
  const taken = client.policy.apply({ file: { users: { dana: { subject: 's-1' }, erin: {}, fay: { subject: 's-9' } } } })
  await expect(taken).rejects.toMatchObject({
    code: 'invalid_input',
    message: [
      'users.dana: the handle dana belongs to another subject: handles never change hands',
      "users.dana: the provider's subject is that of other",
      'users.erin: nobody is known as erin yet: name the email or the subject by which the provider knows them',
      "users.fay: the provider's subject is that of dana",
    ].join('\n'),
  })
})

test('leaving people out deletes nobody: who has signed in stays, and who has not can no longer', async () => {
  await using made = await declared()
  const { client, signIn } = made
  await client.policy.apply({ file: { users: { dana, erin: { email: 'erin@bank.example' } } } })
  expect((await signIn(herself)).status).toBe(200)
  await client.policy.apply({ file: { users: {} } })
  expect(await client.users.get({ handle: 'dana' })).toMatchObject({ disabled: false, groups: ['staff'] })
  expect(await client.users.get({ handle: 'erin' })).toMatchObject({ disabled: true, awaitsEmail: null })
  const erin = { sub: 's-2', preferred_username: 'erin', email: 'erin@bank.example', email_verified: true }
  expect((await signIn(erin)).status).toBe(400)
  await client.policy.apply({ file: { users: { erin: { email: 'erin@bank.example' } } } })
  expect((await signIn(erin)).status).toBe(200)
  await client.policy.apply({ file: { grants: [] } })
  expect((await client.policy.export()).users).toEqual({ erin: { email: 'erin@bank.example' } })
})

test('a declared person who was disabled before the first sign-in does not come in as somebody new', async () => {
  await using made = await declared()
  const { client, signIn } = made
  await client.users.setDisabled({ handle: 'dana', disabled: true })
  const { status, body } = await signIn(herself)
  expect([status, body.error]).toEqual([400, 'invalid_grant'])
  expect((await client.users.list()).items).toMatchObject([{ handle: 'dana', subject: 's-1', disabled: true }])
  await client.policy.apply({ file: { users: { dana: { ...dana, name: 'D.' } } } })
  expect(await client.users.get({ handle: 'dana' })).toMatchObject({ disabled: true })
})

test('a plan shows what people gain who do not exist yet', async () => {
  await using made = await aGateway()
  const client = made.control.client()
  await client.policy.apply({ file: { servers } })
  const { edits, people } = await client.policy.plan({ file })
  expect(edits).toContain('declare person dana: who signs in with Dana@bank.example')
  expect(people).toMatchObject([{ user: 'dana', server: 'charts', before: 'disabled', after: 'write' }])
  expect((await client.users.list()).items).toEqual([])
})

test('a declared subject with whom nobody has come is disabled when left out, and back when declared again', async () => {
  await using made = await declared()
  const { client, signIn } = made
  const withErin = { users: { dana, erin: { subject: 's-erin' } }, grants: [{ user: 'erin', server: 'charts', level: 'read' as const }] }
  await client.policy.apply({ file: withErin })
  expect(await client.users.get({ handle: 'erin' })).toMatchObject({ subject: 's-erin', disabled: false })
  const plan = await client.policy.plan({ file: { users: { dana } } })
  expect(plan.edits).toEqual(['person erin is declared no more: nobody has signed in as them, so they are disabled'])
  expect(plan.people).toMatchObject([{ user: 'erin', server: 'charts', before: 'read', after: 'disabled' }])
  await client.policy.apply({ file: { users: { dana } } })
  expect(await client.users.get({ handle: 'erin' })).toMatchObject({ subject: '', disabled: true })
  const { status, body } = await signIn({ sub: 's-erin', preferred_username: 'erin' })
  expect([status, body.error]).toEqual([400, 'invalid_grant'])
  expect(body.error_description).toContain('The policy declares them no more')

  const again = await client.policy.plan({ file: withErin })
  expect(again.edits).toEqual(['declare person erin: whom the provider calls s-erin'])
  expect(again.people).toMatchObject([{ user: 'erin', server: 'charts', before: 'disabled', after: 'read' }])
  await client.policy.apply({ file: withErin })
  expect((await signIn({ sub: 's-erin', preferred_username: 'e.b' })).status).toBe(200)
  expect((await client.policy.plan({ file: { users: { dana } } })).edits).toEqual([
    'person erin is declared no more, and stays as they are',
  ])
  await client.policy.apply({ file: { users: { dana } } })
  expect(await client.users.get({ handle: 'erin' })).toMatchObject({ subject: 's-erin', disabled: false })
})

test.for([
  ['while the file declares them', async (disable: () => Promise<unknown>, withdraw: () => Promise<unknown>) => disable().then(withdraw)],
  ['after the file left them out', async (disable: () => Promise<unknown>, withdraw: () => Promise<unknown>) => withdraw().then(disable)],
] as const)('no file enables whom an administrator disabled %s', async ([, both]) => {
  await using made = await declared()
  const { client } = made
  await both(
    () => client.users.setDisabled({ handle: 'dana', disabled: true }),
    () => client.policy.apply({ file: { users: {} } }),
  )
  const { edits } = await client.policy.apply({ file: { users: { dana } } })
  expect(edits).toEqual([
    'declare person dana: who signs in with Dana@bank.example, and they stay disabled until an administrator enables them',
  ])
  expect(await client.users.get({ handle: 'dana' })).toMatchObject({ disabled: true })
  await client.users.setDisabled({ handle: 'dana', disabled: false })
  expect(await client.users.get({ handle: 'dana' })).toMatchObject({ disabled: false, awaitsEmail: 'dana@bank.example' })
})

test('who a declared person is can be changed until they sign in, and two may change places', async () => {
  await using made = await declared()
  const { client, signIn } = made
  const users = (section: Record<string, { subject?: string; email?: string }>) => client.policy.apply({ file: { users: section } })
  await users({
    iris: { subject: 'typoo' },
    jack: { subject: 's-iris' },
    kim: { email: 'k@bank.example' },
    lou: { email: 'l@bank.example' },
  })
  await users({
    iris: { subject: 's-iris' },
    jack: { subject: 'typoo' },
    kim: { email: 'l@bank.example' },
    lou: { email: 'k@bank.example' },
  })
  expect((await signIn({ sub: 's-iris', preferred_username: 'i' })).status).toBe(200)
  expect(await client.users.get({ handle: 'iris' })).toMatchObject({ subject: 's-iris' })
  expect((await signIn({ sub: 'k', preferred_username: 'k', email: 'k@bank.example', email_verified: true })).status).toBe(200)
  expect(await client.users.get({ handle: 'lou' })).toMatchObject({ subject: 'k' })

  await users({ iris: { subject: 's-iris' }, jack: { email: 'j@bank.example' } })
  expect(await client.users.get({ handle: 'jack' })).toMatchObject({ subject: '', awaitsEmail: 'j@bank.example' })
  await expect(users({ iris: { subject: 'other' } })).rejects.toMatchObject({ message: expect.stringContaining('never change hands') })
  await expect(users({ jack: {} })).rejects.toMatchObject({ message: expect.stringContaining('nobody is known as jack yet') })
  expect((await users({ iris: { email: 'i@bank.example' }, jack: { email: 'j@bank.example' } })).edits).toEqual([
    'change person iris in the file alone: it is certain already who they are',
  ])
})
