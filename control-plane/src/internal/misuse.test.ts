import { uuidv7 } from '@bir/sdk/contract/uuid'
import { expect, test } from 'vitest'
import { startSession } from '../sessions/start-session.ts'
import { aPlane, aRunningControlPlane } from './testing.ts'

const misuse = JSON.stringify({ reason: 'binding-network' })

test('a session whose token was misused ends where the settings say so, and the audit says why', async () => {
  await using control = await aRunningControlPlane()
  const plane = await aPlane(control)
  const userId = uuidv7()
  const ann = { id: userId, handle: 'ann', provider: 'demo', subject: 'ann', name: null, email: null }
  await control.db.insertInto('users').values(ann).execute()
  const sid = await control.db.transaction().execute((trx) => startSession(trx, { kind: 'client', userId, clientId: 'c' }))
  const reasonOfEnd = async () =>
    (await control.db.selectFrom('sessions').select('end_reason').where('sid', '=', sid).executeTakeFirstOrThrow()).end_reason
  expect((await plane.post(`/sessions/${sid}/end`, misuse)).status).toBe(204)
  expect(await reasonOfEnd()).toBeNull()
  await control.client().settings.put({ binding: 'ip', bindingRevokes: 'on' })
  expect((await plane.post(`/sessions/${sid}/end`, misuse)).status).toBe(204)
  expect(await reasonOfEnd()).toBe('binding-network')
  expect(await control.db.selectFrom('revocations').select('id').where('kind', '=', 'session').execute()).toEqual([{ id: sid }])
  const { items } = await control.client().audit.search({ kind: 'change' })
  expect(items[0]).toMatchObject({ actor: 'plane:plane-1', detail: expect.stringContaining(sid) })
})

test.for([
  ['no session', '/sessions/nobody/end', misuse, 404],
  ['another act', `/sessions/${uuidv7()}/begin`, misuse, 404],
  ['a reason that is none', `/sessions/${uuidv7()}/end`, '{"reason":"x"}', 400],
  ['a session that nobody began', `/sessions/${uuidv7()}/end`, misuse, 204],
] as const)('a report of misuse with %s is answered %4$i', async ([, path, body, status]) => {
  await using control = await aRunningControlPlane()
  const plane = await aPlane(control)
  await control.client().settings.put({ bindingRevokes: 'on' })
  expect((await plane.post(path, body)).status).toBe(status)
})

test('how many calls a plane served offline is shown, once it has told', async () => {
  await using control = await aRunningControlPlane()
  const plane = await aPlane(control)
  const shown = async () => (await control.client().planes.list()).items[0]?.offlineCalls
  expect(await shown()).toBeNull()
  await plane.post('/acks', JSON.stringify({ audit: { written: 0, waitingMs: 0, apart: 0, offlineCalls: 7 } }))
  expect(await shown()).toBe(7)
  // As a plane of an earlier version tells it.
  await plane.post('/acks', JSON.stringify({ audit: { written: 0, waitingMs: 0, apart: 0 } }))
  expect(await shown()).toBe(7)
})
