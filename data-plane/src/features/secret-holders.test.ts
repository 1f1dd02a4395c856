import type { ServerSecret } from '@bir/sdk/contract/snapshot'
import { expect, test } from 'vitest'
import { aPlaneWithDesk, usable } from '../testing/desk.ts'
import { ALICE, DAVE } from '../testing/plane.ts'

/** Plainly fake. Alice is of the analysts, and dave of no group. */
const values = { own: 'desk-own-Zx9Qw7Er5T', group: 'desk-of-the-analysts-Kj8H', shared: 'desk-shared-Pl0Ok9Ij' }
const group = '01980000-0000-7000-8000-000000009009'
const ofGroup: ServerSecret['groups'] = { analysts: { ...usable, id: group } }

async function aPlane(secrets: Parameters<typeof aPlaneWithDesk>[0], ofOthers: Omit<ServerSecret, 'order'>) {
  const it = await aPlaneWithDesk(secrets, ofOthers)
  it.store.values.clear()
  it.store.values.set(`people/${ALICE}/desk`, { token: values.own })
  it.store.values.set(`groups/${group}/desk`, { token: values.group })
  it.store.values.set('shared/desk', { token: values.shared })
  for (const value of Object.values(values)) it.service.good.add(value)
  return it
}

const own = { [ALICE]: { desk: usable } }
const unusable = { ...usable, state: 2 }

test.for<[string, Parameters<typeof aPlane>, string | undefined, string | undefined]>([
  ['all three are there: one’s own first', [own, { groups: ofGroup, shared: usable }], values.own, values.shared],
  ['the group has one, and so have all', [{}, { groups: ofGroup, shared: usable }], values.group, values.shared],
  ['the group alone has one', [{}, { groups: ofGroup }], values.group, undefined],
  ['all share one', [{}, { shared: usable }], values.shared, values.shared],
  ['one’s own is not good', [{ [ALICE]: { desk: unusable } }, { groups: ofGroup, shared: usable }], undefined, values.shared],
  ['that of the group is not good', [{}, { groups: { analysts: { ...unusable, id: group } }, shared: usable }], undefined, values.shared],
  ['another group has one', [{}, { groups: { operators: { ...usable, id: group } } }], undefined, undefined],
])('calls are made with the secret of the first holder that has one: %s', async ([, parts, alices, daves]) => {
  const { call, service } = await aPlane(...parts)
  for (const [person, value] of [
    [ALICE, alices],
    [DAVE, daves],
  ] as const) {
    service.seen.length = 0
    const answer = await call('get_desk', person)
    expect(service.seen).toEqual(value === undefined ? [] : [value])
    if (value === undefined) expect(answer).toContain('secret_missing')
    else expect(answer).toContain('you sent •••, in hex •••')
  }
})

test('the value of a group or of all is hidden in all that the server says, and in the records of calls', async () => {
  const { call, plane } = await aPlane({}, { groups: ofGroup, shared: usable })
  await call('get_desk', ALICE)
  await call('get_desk', DAVE)
  await call('update_desk', ALICE, { note: `it is ${values.group}` })
  await call('update_desk', DAVE, { note: `it is ${values.shared}` })
  const records = JSON.stringify(plane.records())
  // An attempt and a call each.
  expect(records.match(/it is •••/g)).toHaveLength(4)
  for (const value of Object.values(values)) expect(records).not.toContain(value)
})

test('the secret of a group, and the one of all, is read once for all who use it, and is held for those who stay', async () => {
  const { call, store, plane } = await aPlane({}, { groups: ofGroup, shared: usable })
  await Promise.all(Array.from({ length: 10 }, (_, at) => call('get_desk', at % 2 === 0 ? ALICE : DAVE)))
  expect(store.reads).toBe(2)
  plane.use({ disabled: ['alice'] })
  expect(await call('get_desk', DAVE)).toContain('you sent •••')
  expect(store.reads).toBe(2)
})

test('a refused secret of a group is tried by itself, as that of the group', async () => {
  const { call, service, rechecked } = await aPlane({}, { groups: ofGroup })
  service.good.clear()
  expect(await call('get_desk', ALICE)).toContain('secret_invalid')
  expect(rechecked).toMatchObject([{ place: { holder: { kind: 'group', id: group }, server: 'desk' }, fields: { token: values.group } }])
})
