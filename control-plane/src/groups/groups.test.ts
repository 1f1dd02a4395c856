import { expect, test } from 'vitest'
import { create, list as listGrants } from '../grants/grants.ts'
import { put as putServer } from '../servers/servers.ts'
import { aControlPlane, bucketOf } from '../testing.ts'
import { get } from '../users/users.ts'
import { addMembers, list, put, remove, removeMembers } from './groups.ts'

test('a member list that is given is complete, and a field that is absent stays', async () => {
  await using it = await aControlPlane()
  for (const handle of ['alice', 'bob', 'carol']) await it.aPerson(handle)
  const staff = async () => (await list(it.ctx, { first: 10 })).items
  await put(it.ctx, { handle: 'staff', title: 'Staff', members: ['bob', 'alice', 'bob'] })
  expect(await staff()).toEqual([{ handle: 'staff', title: 'Staff', members: ['alice', 'bob'], membersFromProvider: [] }])
  await put(it.ctx, { handle: 'staff', members: ['carol'] })
  expect(await staff()).toMatchObject([{ title: 'Staff', members: ['carol'] }])
  expect(await put(it.ctx, { handle: 'staff', title: 'All' })).toMatchObject({ title: 'All', members: ['carol'] })
  expect(await put(it.ctx, { handle: 'staff', title: null })).toMatchObject({ title: null, members: ['carol'] })
  expect((await get(it.ctx, { handle: 'carol' })).groups).toEqual(['staff'])
})

test('two who add and remove members at once lose nothing of each other', async () => {
  await using it = await aControlPlane()
  for (const handle of ['alice', 'bob', 'carol']) await it.aPerson(handle)
  await put(it.ctx, { handle: 'staff', members: ['alice'] })
  const edits = [
    addMembers(it.ctx, { handle: 'staff', members: ['bob', 'alice'] }),
    addMembers(it.ctx, { handle: 'staff', members: ['carol'] }),
    removeMembers(it.ctx, { handle: 'staff', members: ['alice'] }),
  ]
  await Promise.all(edits)
  const { items } = await list(it.ctx, { first: 10 })
  expect(items[0]?.members).toEqual(expect.arrayContaining(['bob', 'carol']))
  await removeMembers(it.ctx, { handle: 'staff', members: ['alice'] })
  expect((await list(it.ctx, { first: 10 })).items[0]?.members).toEqual(['bob', 'carol'])
  await expect(addMembers(it.ctx, { handle: 'staf', members: ['bob'] })).rejects.toMatchObject({ message: 'There is no group staf.' })
})

test('an unknown member is named in the error, and nothing is changed', async () => {
  await using it = await aControlPlane()
  await it.aPerson('alice')
  const made = put(it.ctx, { handle: 'staff', members: ['alice', 'mallory', 'trudy'] })
  await expect(made).rejects.toMatchObject({ code: 'not_found', message: 'These people are not known: mallory, trudy.' })
  await expect(put(it.ctx, { handle: 'staff', members: ['mallory'] })).rejects.toMatchObject({ message: 'There is no person mallory.' })
  expect((await list(it.ctx, { first: 10 })).items).toEqual([])
})

test('joining or leaving makes a bucket dirty only if the group holds something', async () => {
  await using it = await aControlPlane()
  const alice = await it.aPerson('alice')
  const bob = await it.aPerson('bob')
  await putServer(it.ctx, { id: 'sql', kind: 'mounted' })
  await put(it.ctx, { handle: 'staff', members: ['alice'] })
  expect(it.published.marks).toEqual(['policy'])
  await create(it.ctx, { group: 'staff', server: 'sql', level: 'read' })
  expect(it.published.marks).toEqual([bucketOf(alice), 'policy'].sort())
  await put(it.ctx, { handle: 'staff', members: ['alice', 'bob'] })
  expect(it.published.marks).toEqual([bucketOf(bob), 'policy'].sort())
})

test('removing a group removes its grants and makes the buckets of its members dirty', async () => {
  await using it = await aControlPlane()
  const alice = await it.aPerson('alice')
  await putServer(it.ctx, { id: 'sql', kind: 'mounted' })
  await put(it.ctx, { handle: 'staff', members: ['alice'] })
  await create(it.ctx, { group: 'staff', server: 'sql', level: 'read' })
  expect(await remove(it.ctx, { handle: 'staff' })).toMatchObject({ removed: ['grant: group staff, read on sql', '1 membership'] })
  expect(it.published.marks).toEqual([bucketOf(alice), 'policy'].sort())
  expect((await listGrants(it.ctx, { first: 10 })).items).toEqual([])
  await expect(remove(it.ctx, { handle: 'staff' })).rejects.toMatchObject({ code: 'not_found', message: 'There is no group staff.' })
})
