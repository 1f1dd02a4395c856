import { createClient } from '@bir/sdk'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { modernRequest } from '@bir/data-plane/testing'
import { within } from '@bir/data-plane/testing/waiting'
import { faultOf } from '@bir/sdk/chain'
import { FIRST_PREV } from '@bir/sdk/contract/audit'
import type { AuditRecord } from '@bir/sdk/contract/audit'
import { bootGateway } from '../testing/boot-gateway.ts'
import type { Gateway } from '../testing/boot-gateway.ts'
import { processesWith } from './processes.ts'

/** Planes are killed under load, again and again: every answered call is in the audit once, and the chain is whole. */

const killsEach = 3
const workers = 8
let gateway: Gateway

beforeAll(async () => {
  gateway = await bootGateway()
})

afterAll(() => gateway.stop())

const api = () => createClient({ url: gateway.endpoints.control, token: () => gateway.operatorToken() })

test(
  'kill -9 of the data plane and of the control plane under load loses no record of an answered call',
  { meta: { patienceMs: 600_000 } },
  async () => {
    await api().settings.put({ ratePerSecond: 100_000, rateBurst: 1_000_000 })
    const token = await gateway.token('alice')
    const answered = new Set<string>()
    const traffic = { flows: true }
    onTestFinished(() => void (traffic.flows = false))

    const work = async (worker: number) => {
      for (let at = 0; traffic.flows; at++) {
        const text = `call ${worker}.${at}`
        if (await echo(token, text)) answered.add(text)
      }
    }
    const load = Array.from({ length: workers }, (_, worker) => work(worker))
    for (const part of Array.from({ length: killsEach }, () => ['data-plane/src/main.ts', 'control-plane/src/main.ts']).flat()) {
      const before = answered.size
      await expect.poll(() => answered.size - before, { message: `calls answered while ${part} was up` }).toBeGreaterThan(200)
      const [victim] = await processesWith(gateway.home, part)
      process.kill(victim.pid, 'SIGKILL')
    }
    const before = answered.size
    await expect.poll(() => answered.size - before, { message: 'calls answered after the last kill' }).toBeGreaterThan(200)
    traffic.flows = false
    await within(Promise.all(load), 'the last calls to end')

    const plane = await shipped()
    const records = await chainOf(plane)
    let head = { seq: 0, hash: FIRST_PREV }
    for (const record of records) {
      expect(faultOf(head, record)).toBeUndefined()
      head = { seq: record.header.seq, hash: record.hash }
    }
    const recorded = records.flatMap(({ header, args }) =>
      header.kind === 'call' && header.tool === 'echo' ? [JSON.parse(args ?? '{}').text] : [],
    )
    expect(new Set(recorded).size).toBe(recorded.length)
    expect([...answered].filter((text) => !recorded.includes(text))).toEqual([])
    expect(records.filter(({ header }) => header.kind === 'boot').length).toBeGreaterThan(killsEach)
  },
)

/** True when the whole answer arrived. */
async function echo(token: string, text: string): Promise<boolean> {
  const call = modernRequest(token, 'tools/call', { name: 'echo', arguments: { text } })
  const response = await fetch(`${gateway.endpoints.mcp}/debug`, call).catch(() => undefined)
  const body = await response?.text().catch(() => '')
  return body !== undefined && body.includes(`"text":${JSON.stringify(text)}`)
}

/** Waits until the control plane has all that the plane wrote; gives the plane's id. */
async function shipped(): Promise<string> {
  const marker = `the last one ${Math.random()}`
  await expect.poll(async () => echo(await gateway.token('alice'), marker)).toBe(true)
  await expect
    .poll(async () => (await api().audit.search({ user: 'alice', first: 5 })).items.some(({ args }) => args?.includes(marker)))
    .toBe(true)
  return (await api().planes.list({})).items[0]?.id ?? ''
}

async function chainOf(plane: string): Promise<AuditRecord[]> {
  const records: AuditRecord[] = []
  for (;;) {
    const page = await api().audit.chain({ plane, afterSeq: records.length, first: 1000 })
    records.push(...page.records)
    if (page.records.length === 0) return records
  }
}
