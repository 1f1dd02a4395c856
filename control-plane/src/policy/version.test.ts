import { expect, test } from 'vitest'
import { set } from '../selections/selections.ts'
import { aControlPlane } from '../testing.ts'
import { apply } from './apply.ts'
import { plan } from './plan.ts'
import { version } from './version.ts'

const servers = { sql: { kind: 'mounted' as const }, charts: { kind: 'mounted' as const } }
const fileWith = (group: string) => ({ servers, groups: { [group]: { members: [] } } })

test('of many who apply what they planned on the same policy, one succeeds and the others are told', async () => {
  await using it = await aControlPlane()
  await apply(it.ctx, { file: { servers } })
  const { policy } = await plan(it.ctx, { file: fileWith('a') })
  const all = await Promise.allSettled(
    ['a', 'b', 'c', 'd', 'e'].map((group) => apply(it.ctx, { file: fileWith(group), expectPolicy: policy })),
  )
  expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  const now = await version(it.ctx)
  for (const one of all) {
    if (one.status === 'fulfilled') continue
    expect(one.reason).toMatchObject({ code: 'conflict', message: expect.stringContaining(`in force is policy ${now.policy}, revision `) })
  }
})

test('the hash of the policy changes with what a file can say, and with nothing else; the revision changes with all', async () => {
  await using it = await aControlPlane()
  await it.aPerson('alice')
  await apply(it.ctx, { file: { servers } })
  const before = await version(it.ctx)
  await set(it.ctx, { user: 'alice', server: 'sql', level: 'read' })
  await it.aPerson('bob')
  const after = await version(it.ctx)
  expect(after.policy).toBe(before.policy)
  expect(after.revision).toBeGreaterThan(before.revision)
  await expect(apply(it.ctx, { file: fileWith('a'), expectRevision: before.revision })).rejects.toMatchObject({ code: 'conflict' })
  await apply(it.ctx, { file: fileWith('a'), expectPolicy: before.policy })
  expect((await version(it.ctx)).policy).not.toBe(before.policy)
})
