import { MAX_AUDIT_WAIT_MS } from '@bir/sdk/contract/audit'
import { expect, test } from 'vitest'
import { BATCH_BYTES } from '../audit/shipping/read-batch.ts'
import { DAVE, modernRequest, testPlane } from '../testing/plane.ts'

const everyone = { everyone: [{ level: 'read' as const }] }

const keys = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`${'k'.repeat(70)}${at}`, 0]))
const bytesOf = (record: unknown) => Buffer.byteLength(JSON.stringify(record))

test.for<[string, () => Record<string, unknown>]>([
  ['one key of a million characters', () => ({ ['x'.repeat(1_100_000)]: 0 })],
  ['15,000 keys', () => keys(15_000)],
])('unknown arguments, %s, leave a record that fits a batch and says that it was cut', async ([, make]) => {
  await using plane = await testPlane({ daves: { meta: everyone } }, [], {}, undefined, { maxRequestBytes: 4 * 1024 * 1024 })
  const token = await plane.token({ sub: DAVE })
  const response = await fetch(`${plane.url}/mcp`, modernRequest(token, 'tools/call', { name: 'meta_whoami', arguments: make() }))
  expect(await response.text()).toContain('invalid_input')
  const [record] = plane.records().filter(({ header: { kind, tool } }) => kind === 'call' && tool === 'whoami')
  expect(record?.header).toMatchObject({
    handle: 'dave',
    reason: 'invalid_input',
    detail: expect.stringMatching(/\(cut: \d+ characters\)$/),
  })
  expect(bytesOf(record)).toBeLessThan(BATCH_BYTES)
})

test('250,000 keys are refused before they are read, and leave a short record', async () => {
  await using plane = await testPlane({ daves: { meta: everyone } }, [], {}, undefined, { maxRequestBytes: 64 * 1024 * 1024 })
  const token = await plane.token({ sub: DAVE })
  const request = modernRequest(token, 'tools/call', { name: 'meta_whoami', arguments: keys(250_000) })
  expect((await fetch(`${plane.url}/mcp`, request)).ok).toBe(false)
  await expect.poll(() => plane.records().map(({ header: { outcome } }) => outcome)).toContain('refused')
  expect(Math.max(...plane.records().map(bytesOf))).toBeLessThan(10_000)
})

test('a flood of one person, lists and pings too, leaves two records a second, with the right total', async () => {
  const total = 400
  await using plane = await testPlane({ grants: { meta: everyone }, settings: { ratePerSecond: 0.001, rateBurst: 1 } })
  const token = await plane.token()
  const startedMs = Date.now()
  const ask = async (method: string, params = {}) => (await fetch(`${plane.url}/mcp`, modernRequest(token, method, params))).status
  expect(await ask('tools/list')).toBe(200)
  for (let sent = 0; sent < total; sent += 20) {
    const statuses = await Promise.all(
      Array.from({ length: 20 }, (_, at) => (at % 2 ? ask('tools/list') : ask('tools/call', { name: 'meta_whoami' }))),
    )
    expect(new Set(statuses)).toEqual(new Set([429]))
  }
  const ofFlood = () => plane.records().filter(({ header: { handle, reason } }) => handle === 'alice' && reason === 'rate-limited')
  const counted = () => ofFlood().reduce((sum, { header: { count = 1 } }) => sum + count, 0)
  await expect.poll(counted, { timeout: MAX_AUDIT_WAIT_MS }).toBe(total)
  const seconds = Math.ceil((Date.now() - startedMs) / 1000) + 1
  expect(ofFlood().length).toBeLessThanOrEqual(2 * seconds)
  expect(new Set(ofFlood().map(({ header: { kind } }) => kind))).toEqual(new Set(['call', 'refusals']))
})
