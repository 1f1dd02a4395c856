import { expect, test } from 'vitest'
import { create, list as listGrants } from '../grants/grants.ts'
import { put as putServer } from '../servers/servers.ts'
import { aControlPlane, bucketOf } from '../testing.ts'
import { get } from '../users/users.ts'
import { list, put, remove } from './groups.ts'

test('the member list is complete: a person who is not in it is no longer a member', async () => {
  await using it = await aControlPlane()
  for (const handle of ['alice', 'bob', 'carol']) await it.aPerson(handle)
  await put(it.ctx, { handle: 'staff', title: 'Staff', members: ['bob', 'alice', 'bob'] })
  expect((await list(it.ctx, { first: 10 })).items).toEqual([{ handle: 'staff', title: 'Staff', members: ['alice', 'bob'] }])
  await put(it.ctx, { handle: 'staff', members: ['carol'] })
  expect((await list(it.ctx, { first: 10 })).items).toEqual([{ handle: 'staff', title: null, members: ['carol'] }])
  expect((await get(it.ctx, { handle: 'carol' })).groups).toEqual(['staff'])
})

test('an unknown member is named in the error, and nothing is changed', async () => {
  await using it = await aControlPlane()
  await it.aPerson('alice')
  const made = put(it.ctx, { handle: 'staff', members: ['alice', 'mallory', 'trudy'] })
  await expect(made).rejects.toMatchObject({ code: 'not_found', message: 'There is no person mallory, trudy.' })
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
  await remove(it.ctx, { handle: 'staff' })
  expect(it.published.marks).toEqual([bucketOf(alice), 'policy'].sort())
  expect((await listGrants(it.ctx, { first: 10 })).items).toEqual([])
  await expect(remove(it.ctx, { handle: 'staff' })).rejects.toMatchObject({ code: 'not_found', message: 'There is no group staff.' })
})
