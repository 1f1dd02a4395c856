import fc from 'fast-check'
import { expect, test } from 'vitest'
import { markDirty } from '../base/context.ts'
import type { Ctx } from '../base/context.ts'
import * as grants from '../grants/grants.ts'
import * as groups from '../groups/groups.ts'
import { openKeyRing } from '../keys/key-ring.ts'
import { masterKeyOf } from '../keys/master-key.ts'
import { apply } from '../policy/apply.ts'
import * as restrictions from '../restrictions/restrictions.ts'
import * as selections from '../selections/selections.ts'
import * as servers from '../servers/servers.ts'
import { aCatalog, aControlPlane, bucketOf } from '../testing.ts'
import { setDisabled } from '../users/users.ts'
import { createPublisher } from './publish.ts'

const people = ['ann', 'ben', 'cas']
const person = fc.constantFrom(...people)
const group = fc.constantFrom('one', 'two')
const server = fc.constantFrom('sql', 'charts')
const level = fc.constantFrom('disabled' as const, 'read' as const, 'write' as const)
const holder = fc.oneof(
  person.map((user) => ({ user })),
  group.map((group) => ({ group })),
  fc.constant({ everyone: true as const }),
)
const bank = { sql: { kind: 'mounted' as const, settings: { connections: { bank: {} } } }, charts: { kind: 'mounted' as const } }

type Step = (ctx: Ctx) => Promise<unknown>

const first = async (list: Promise<{ items: { id: string }[] }>) => (await list).items[0]?.id ?? '019aa000-0000-7000-8000-00000000000f'

const aGrant = fc.record({ who: holder, server, level })
const aFile = fc.record({
  one: fc.subarray(people),
  two: fc.subarray(people),
  grants: fc.uniqueArray(aGrant, { maxLength: 3, selector: JSON.stringify }),
})

const steps = {
  grant: aGrant.map(
    ({ who, ...grant }) =>
      (ctx: Ctx) =>
        grants.create(ctx, { ...who, ...grant }),
  ),
  revoke: fc.constant(async (ctx: Ctx) => grants.remove(ctx, { id: await first(grants.list(ctx, { first: 1 })) })),
  restrict: holder.map((who) => (ctx: Ctx) => restrictions.create(ctx, { ...who, server: 'sql', connection: 'bank', allow: ['*.*'] })),
  free: fc.constant(async (ctx: Ctx) => restrictions.remove(ctx, { id: await first(restrictions.list(ctx, { first: 1 })) })),
  gather: fc.record({ handle: group, members: fc.subarray(people) }).map((input) => (ctx: Ctx) => groups.put(ctx, input)),
  dissolve: group.map((handle) => (ctx: Ctx) => groups.remove(ctx, { handle })),
  mount: server.map((id) => (ctx: Ctx) => servers.put(ctx, { id, ...bank[id] })),
  unmount: server.map((id) => (ctx: Ctx) => servers.remove(ctx, { id })),
  disable: fc.record({ handle: person, disabled: fc.boolean() }).map((input) => (ctx: Ctx) => setDisabled(ctx, input)),
  select: fc.record({ user: person, server, level }).map((input) => (ctx: Ctx) => selections.set(ctx, input)),
  apply: aFile.map(({ one, two, grants }) => (ctx: Ctx) => {
    const groups = { one: { members: one }, two: { members: two } }
    return apply(ctx, { file: { servers: bank, groups, grants: grants.map(({ who, ...grant }) => ({ ...who, ...grant })) } })
  }),
}

/** Random actions of administrators and people. Some are refused, which is fine. Actions that delete much are rare. */
const rare = new Set(['dissolve', 'unmount'])
const aStep = fc.oneof(
  ...Object.entries(steps).map(([name, arbitrary]) => ({ weight: rare.has(name) ? 1 : 4, arbitrary: arbitrary as fc.Arbitrary<Step> })),
)

test('after any sequence of changes, the published snapshot equals a full compilation', async () => {
  await using it = await aControlPlane()
  const keys = await openKeyRing(it.db, masterKeyOf(Buffer.alloc(32, 1)))
  const publisher = createPublisher({
    db: it.db,
    manifestKey: keys.manifest,
    inputs: async () => ({ mountable: aCatalog, keys: { issuer: 'http://issuer.test', tokenKeys: keys.tokenKeys() } }),
    onPublished: async () => undefined,
    log: () => undefined,
  })
  const ctx = { ...it.ctx, publisher }
  const buckets: number[] = []
  for (const handle of people) buckets.push(Number(bucketOf(await it.aPerson(handle))))
  await publisher.publish()

  await fc.assert(
    fc.asyncProperty(fc.array(aStep, { minLength: 1, maxLength: 4 }), async (taken) => {
      for (const step of taken) await step(ctx).catch(onlyRefusals)
      const revision = await publisher.publish()
      await it.db.transaction().execute((trx) => markDirty(trx, buckets))
      expect(await publisher.publish()).toBe(revision)
    }),
    { numRuns: 150 },
  )
})

function onlyRefusals(error: unknown): void {
  if (!(error instanceof Error) || error.name !== 'ApiError') throw error
}
