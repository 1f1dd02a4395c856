import { expect, test } from 'vitest'
import { aGateway, asked, exchange } from '../tokens/testing.ts'

const people = ['alice', 'bob'].map((handle) => ({ handle, provider: 'demo', subject: `subject-${handle}` }))

async function withAnalysts() {
  const made = await aGateway()
  const client = made.control.client()
  for (const person of people) await client.users.put(person)
  await client.servers.put({ id: 'charts', kind: 'mounted' })
  await client.groups.put({ handle: 'analysts' })
  await client.grants.create({ group: 'analysts', server: 'charts', level: 'read' })
  const signIn = async (groups: string[]) => {
    expect((await asked(made.control, exchange(await made.idp.sign({ claims: { groups } })))).status).toBe(200)
  }
  const analysts = async () => (await client.groups.list()).items.find(({ handle }) => handle === 'analysts')
  return { client, signIn, analysts, [Symbol.asyncDispose]: () => made[Symbol.asyncDispose]() }
}

test.for([
  ['without members', undefined],
  ['with other members', ['bob']],
  ['with the same person', ['alice', 'bob']],
] as const)('plan, apply and sign-in settle for a group %s, and whom the provider made a member stays one', async ([, members]) => {
  await using made = await withAnalysts()
  const { client, signIn, analysts } = made
  const file = { groups: { analysts: { title: 'Analysts', ...(members && { members: [...members] }) } } }
  for (let turn = 0; turn < 2; turn++) {
    await signIn(['analysts'])
    const { people } = await client.policy.plan({ file })
    expect(people.filter(({ loses }) => loses.length > 0)).toEqual([])
    await client.policy.apply({ file })
    expect(await client.policy.plan({ file })).toMatchObject({ edits: [], people: [] })
  }
  await signIn(['analysts'])
  expect((await client.policy.plan({ file })).edits).toEqual([])
  expect(await analysts()).toMatchObject({ members: members ? ['alice', 'bob'] : ['alice'], membersFromProvider: ['alice'] })
  const exported = await client.policy.export()
  expect(exported.groups?.['analysts']?.members).toEqual(members ?? [])
  expect((await client.policy.plan({ file: exported })).edits).toEqual([])
})

test('a person is a member until the file and the provider have both taken it back', async () => {
  await using made = await withAnalysts()
  const { client, signIn, analysts } = made
  const declare = (members: string[]) => client.policy.apply({ file: { groups: { analysts: { members } } } })
  await declare(['alice'])
  await signIn(['analysts'])
  await signIn([])
  expect(await analysts()).toMatchObject({ members: ['alice'], membersFromProvider: [] })
  await signIn(['analysts'])
  const { edits } = await declare([])
  expect(edits).toContain('group analysts: alice is declared a member no more, and stays one by the identity provider')
  expect(await analysts()).toMatchObject({ members: ['alice'], membersFromProvider: ['alice'] })
  await signIn([])
  expect(await analysts()).toMatchObject({ members: [] })
})

test('whom the provider made a member is taken out there alone', async () => {
  await using made = await withAnalysts()
  const { client, signIn, analysts } = made
  await signIn(['analysts'])
  await client.groups.put({ handle: 'analysts', members: ['bob'] })
  expect(await analysts()).toMatchObject({ members: ['alice', 'bob'], membersFromProvider: ['alice'] })
  const removed = client.groups.removeMembers({ handle: 'analysts', members: ['alice', 'bob'] })
  await expect(removed).rejects.toMatchObject({
    code: 'conflict',
    message: 'The identity provider makes alice a member of analysts: take alice out of the group there.',
  })
  expect(await analysts()).toMatchObject({ members: ['alice', 'bob'] })
})

test('a title that the file does not name stays, and an empty one takes it away', async () => {
  await using made = await withAnalysts()
  const { client, analysts } = made
  const apply = (analysts: object) => client.policy.apply({ file: { groups: { analysts } } })
  await apply({ title: 'Analysts' })
  await apply({})
  expect((await analysts())?.title).toBe('Analysts')
  await apply({ title: '' })
  expect((await analysts())?.title).toBeNull()
})
