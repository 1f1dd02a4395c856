import { testDb } from '@bir/db/testing'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { decide, findPending, makeDeviceCodes, poll } from './device-codes.ts'

let ground: Awaited<ReturnType<typeof testDb>>
beforeAll(async () => void (ground = await testDb()))
afterAll(() => ground.drop())

const asks = { clientId: 'bir', audience: 'https://gw.example/api', scope: 'mcp', address: '192.0.2.7', userAgent: 'bir' }
const make = () => makeDeviceCodes(ground.db, asks)
const ask = (code: string, client = 'bir') => ground.db.transaction().execute((trx) => poll(trx, code, client))
const change = (set: { expires_at?: Date; polled_at?: Date }) => ground.db.updateTable('device_codes').set(set).execute()

async function aSession(): Promise<string> {
  const user = uuidv7()
  const sid = uuidv7()
  await ground.db
    .insertInto('users')
    .values({ id: user, handle: `p${user}`, provider: 'demo', subject: user, administrator: false })
    .execute()
  const until = new Date(Date.now() + 3_600_000)
  await ground.db
    .insertInto('sessions')
    .values({ sid, user_id: user, kind: 'client', client_id: 'bir', idle_until: until, until })
    .execute()
  return sid
}

async function approved() {
  const codes = await make()
  const device = await findPending(ground.db, codes.userCode)
  if (!device) throw new Error('the device does not wait')
  const sid = await aSession()
  expect(await decide(ground.db, device, { state: 'approved', sid })).toBe(true)
  return { ...codes, device, sid }
}

test('neither code is stored', async () => {
  const { deviceCode, userCode } = await make()
  const stored = JSON.stringify(await ground.db.selectFrom('device_codes').selectAll().execute())
  expect(stored).not.toContain(deviceCode)
  expect(stored).not.toContain(userCode)
})

test('a device waits, and one that asks too early is told to wait longer each time', async () => {
  const { deviceCode } = await make()
  expect(await ask(deviceCode)).toEqual({ is: 'pending' })
  expect(await ask(deviceCode)).toEqual({ is: 'slow-down' })
  await change({ polled_at: new Date(Date.now() - 6_000) }) // 5 s would have been enough before
  expect(await ask(deviceCode)).toEqual({ is: 'slow-down' })
  await change({ polled_at: new Date(Date.now() - 16_000) })
  expect(await ask(deviceCode)).toEqual({ is: 'pending' })
})

test('an approval is handed out once, to the client that asked, and a code that comes again is told from others', async () => {
  const { deviceCode, sid } = await approved()
  expect(await ask(deviceCode, 'another')).toEqual({ is: 'unknown' })
  const answers = await Promise.all(Array.from({ length: 8 }, () => ask(deviceCode)))
  expect(answers.filter(({ is }) => is === 'approved')).toEqual([{ is: 'approved', sid, audience: asks.audience }])
  expect(answers.filter(({ is }) => is === 'replayed')).toHaveLength(7)
  expect(await ask(`${deviceCode}x`)).toEqual({ is: 'unknown' })
})

test('of decisions at once one counts, and none after it', async () => {
  const { userCode, deviceCode } = await make()
  const device = await findPending(ground.db, userCode)
  if (!device) throw new Error('the device does not wait')
  const sid = await aSession()
  const decisions = [{ state: 'denied' } as const, { state: 'approved', sid } as const, { state: 'denied' } as const]
  const counted = await Promise.all(decisions.map((decision) => decide(ground.db, device, decision)))
  expect(counted.filter(Boolean)).toHaveLength(1)
  expect(await findPending(ground.db, userCode)).toBeUndefined()
  expect((await ask(deviceCode)).is).toBe(counted[1] ? 'approved' : 'denied')
})

test('after its time a code can be neither approved nor exchanged', async () => {
  const { deviceCode } = await approved()
  const waiting = await make()
  const device = await findPending(ground.db, waiting.userCode)
  await change({ expires_at: new Date(Date.now() - 1) })
  expect(await ask(deviceCode)).toEqual({ is: 'expired' })
  expect(await ask(waiting.deviceCode)).toEqual({ is: 'expired' })
  expect(await findPending(ground.db, waiting.userCode)).toBeUndefined()
  expect(device && (await decide(ground.db, device, { state: 'denied' }))).toBe(false)
})
