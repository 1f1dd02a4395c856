import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setInterval } from 'node:timers/promises'
import {
  AUDIT_VERSION_HEADER,
  AuditRecord,
  FIRST_PREV,
  MAX_AUDIT_RECORD_BYTES,
  SET_APART,
  SetApart,
  setApartText,
} from '@bir/sdk/contract/audit'
import type { AuditHeader } from '@bir/sdk/contract/audit'
import { headerHash, sha256 } from '@bir/sdk/chain'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import { afterEach, expect, onTestFinished, test } from 'vitest'
import { healthOf } from '../../plane.ts'
import { ControlClient } from '../../control/client.ts'
import { newKeys } from '../../control/identity.ts'
import { serverOf } from '../../upstream/testing.ts'
import { segments } from '../segments.ts'
import { Shipper } from './shipper.ts'
import { Spool } from '../spool.ts'

const id = uuidv7()

const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

function aDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'bir-shipper-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

/** A record as the control plane holds it. `standIn` is set when the record itself was set apart. */
type Stored = Pick<AuditRecord, 'hash' | 'header'> & { standIn?: SetApart }

function storedOf(value: unknown): Stored {
  const standIn = SetApart.safeParse(value).data
  return standIn ? { hash: standIn.hash, header: standIn.apart, standIn } : AuditRecord.parse(value)
}

/**
 * Plays the control plane: stores records that continue its chain, refuses others, and counts requests. `answersTo`
 * may answer a request with another status, before anything is stored.
 */
async function aControlPlane(answersTo: (lines: string[]) => number | undefined = () => undefined, reads: { version?: number } = {}) {
  const stored: Stored[] = []
  const counts = { requests: 0 }
  const accepts = (lines: string[]): boolean =>
    lines
      .map((line) => storedOf(JSON.parse(line)))
      .every((record) => {
        const duplicate = stored[record.header.seq - 1]
        if (duplicate) return duplicate.hash === record.hash
        if (record.header.seq !== stored.length + 1 || (stored.at(-1)?.hash ?? record.header.prev) !== record.header.prev) return false
        stored.push(record)
        return true
      })
  const server = await serverOf(async (request, response) => {
    counts.requests++
    const lines = (await text(request)).split('\n').filter(Boolean)
    const answer = answersTo(lines)
    if (answer !== undefined) return response.writeHead(answer).end('no')
    const accepted = accepts(lines)
    const headers = reads.version === undefined ? {} : { [AUDIT_VERSION_HEADER]: String(reads.version) }
    response.writeHead(accepted ? 200 : 409, headers).end(JSON.stringify({ stored: stored.length }))
  })
  ends.push(() => Promise.resolve(server[Symbol.asyncDispose]()))
  return { stored, counts, controlUrl: server.url }
}

/** A plane's spool and its shipper. */
function aPlane(dir: string, controlUrl: string, nowMs?: () => number) {
  const { spool } = Spool.open(dir, { plane: id, boot: uuidv7() }, 1e9)
  const manifestKey = { kty: 'OKP', kid: 'm', alg: 'EdDSA' }
  const control = new ControlClient({ id, controlUrl, issuer: 'http://control.test', manifestKey, ...newKeys() })
  const logged: { level: string; event: string; why: unknown }[] = []
  const shipper = new Shipper({
    dir,
    spool,
    control,
    sayApart: (seq, hash) => spool.append({ kind: 'head', atMs: 0, reason: SET_APART, detail: setApartText(seq, hash) }, {}, true),
    ...(nowMs && { nowMs }),
    log: (level, event, facts) => void logged.push({ level, event, why: facts?.['why'] }),
  })
  const write = async (count: number, args?: string) => {
    for (let at = 0; at < count; at++) await spool.append({ kind: 'call', atMs: at, outcome: 'answered' }, { args }, false)
  }
  const close = async () => {
    await shipper.close(100)
    spool.close()
    await control.close()
  }
  ends.push(close)
  const closeNow = () => {
    ends.splice(ends.indexOf(close), 1)
    return close()
  }
  return { spool, shipper, logged, write, closeNow, errors: () => logged.filter(({ level }) => level === 'error') }
}

const filesOf = (dir: string) => segments(dir).map(({ path }) => [basename(path), readFileSync(path, 'utf8').replace(/\0+$/, '')])
const health = ({ shipper }: ReturnType<typeof aPlane>) => healthOf({ held: undefined }, false, { warning: shipper.warning }).body

/** A plane that shipped eight records, and whose disk was then set back to the state after three. */
async function aPlaneSetBack() {
  const at = await aControlPlane()
  const dir = aDir()
  const plane = aPlane(dir, at.controlUrl)
  plane.shipper.start()
  await plane.write(3)
  const [file = ''] = segments(dir).map(({ path }) => path)
  copyFileSync(file, `${file}.old`)
  await plane.write(5)
  await expect.poll(() => at.stored.length).toBe(8)
  await plane.closeNow()
  copyFileSync(`${file}.old`, file)
  return { ...at, dir, plane: aPlane(dir, at.controlUrl) }
}

test('a plane whose disk was set back logs one error, warns in its health, and ships and deletes nothing', async () => {
  const { stored, counts, dir, plane } = await aPlaneSetBack()
  const records = [...stored]
  const files = filesOf(dir)
  plane.shipper.start()
  const requestsBefore = counts.requests
  await expect.poll(() => counts.requests).toBeGreaterThan(requestsBefore + 2)
  expect(plane.logged).toEqual([
    {
      level: 'error',
      event: 'audit has parted from the control plane',
      why: expect.stringMatching(/^The control plane holds 8 audit records of this plane, whose own spool ends at 3\. Nothing is shipped/),
    },
  ])
  expect(health(plane)).toMatchObject({ warning: plane.logged[0]?.why })
  expect(filesOf(dir)).toEqual(files)
  expect(stored).toEqual(records)
})

test('the warning stays when new records outnumber the lost ones, because they do not continue the chain', async () => {
  const { stored, counts, dir, plane } = await aPlaneSetBack()
  const records = [...stored]
  plane.shipper.start()
  await plane.write(6)
  const requestsBefore = counts.requests
  await expect.poll(() => counts.requests).toBeGreaterThan(requestsBefore + 2)
  expect(plane.errors()).toHaveLength(1)
  expect(health(plane)).toHaveProperty('warning')
  expect(filesOf(dir).flatMap(([, text = '']) => text.split('\n').filter((line) => line.startsWith('{')))).toHaveLength(9)
  expect(stored).toEqual(records)
})

test('the warning ends once the control plane accepts records again', async () => {
  const { stored, plane } = await aPlaneSetBack()
  plane.shipper.start()
  await expect.poll(() => plane.shipper.warning).toBeDefined()
  stored.splice(3) // its database is set back too
  await plane.write(2)
  await expect.poll(() => stored.length).toBe(5)
  await expect.poll(() => plane.shipper.warning).toBeUndefined()
  expect(plane.logged.at(-1)).toMatchObject({ level: 'info', event: 'audit is shipped again' })
})

test('a plane that writes nothing sends again what the control plane says it no longer has, and nothing while it has all', async () => {
  const { stored, counts, controlUrl } = await aControlPlane()
  const plane = aPlane(aDir(), controlUrl)
  plane.shipper.start()
  await plane.write(6)
  await expect.poll(() => stored.length).toBe(6)
  await expect.poll(() => plane.shipper.state.stored).toBe(6)
  const requests = counts.requests
  plane.shipper.compare(6, 6)
  plane.shipper.compare(6, 4) // the answer to a report of before
  expect(counts.requests).toBe(requests)

  const records = [...stored]
  stored.splice(2)
  plane.shipper.compare(2, 6)
  await expect.poll(() => stored).toEqual(records)
  expect(plane.shipper.warning).toBeUndefined()
  expect(plane.logged).toMatchObject([{ level: 'warn', event: 'the control plane has another number of audit records than it had' }])
})

test('a control plane that says it has more than was ever written holds another chain, until it has this one again', async () => {
  const { stored, controlUrl } = await aControlPlane()
  const plane = aPlane(aDir(), controlUrl)
  plane.shipper.start()
  await plane.write(2)
  await expect.poll(() => plane.shipper.state.stored).toBe(2)
  const [, last] = stored
  if (last) stored.push(last)
  plane.shipper.compare(3, 2)
  await expect.poll(() => plane.shipper.warning).toMatch(/holds 3 audit records of this plane, whose own spool ends at 2/)
  stored.pop()
  await expect.poll(() => plane.shipper.warning).toBeUndefined()
})

test('when a record is in no file the shipper retries slowly, and does not block the event loop', async () => {
  const { controlUrl, counts } = await aControlPlane()
  const dir = aDir()
  const plane = aPlane(dir, controlUrl)
  await plane.write(2)
  for (const { path } of segments(dir)) unlinkSync(path)
  plane.shipper.start()
  await expect.poll(() => plane.logged).toMatchObject([{ level: 'warn', why: 'Error: record 1 is in no file of the audit spool' }])
  await expect.poll(() => counts.requests).toBeGreaterThan(1)
  expect(counts.requests).toBeLessThan(10)
})

test('a segment is deleted only after a record of the next one was stored, and every record arrives', async () => {
  const { stored, controlUrl } = await aControlPlane()
  const dir = aDir()
  const plane = aPlane(dir, controlUrl)
  await plane.write(280, 'x'.repeat(60_000))
  await expect.poll(() => segments(dir).length).toBeGreaterThan(2)
  plane.shipper.start()
  await expect.poll(() => stored.length).toBe(280)
  await expect.poll(() => segments(dir).length).toBe(1)
  expect(plane.logged).toEqual([])
})

test('while records keep coming they are shipped in batches, one every 150 ms at most, and all arrive', async () => {
  const { stored, counts, controlUrl } = await aControlPlane()
  const plane = aPlane(aDir(), controlUrl)
  const startedMs = performance.now()
  plane.shipper.start()
  let written = 0
  for await (const _ of setInterval(1)) {
    await plane.write(1)
    written++
    if (performance.now() > startedMs + 700) break
  }
  await expect.poll(() => stored.length).toBe(written)
  // The first request asks for the last stored record, and the first batch does not wait.
  expect(counts.requests).toBeLessThanOrEqual(2 + Math.ceil((performance.now() - startedMs) / 150))
})

test('a plane that shuts down ships its last records at once', async () => {
  const { stored, controlUrl } = await aControlPlane()
  const plane = aPlane(aDir(), controlUrl)
  plane.shipper.start()
  await plane.write(1)
  await expect.poll(() => stored.length).toBe(1)
  await plane.write(3)
  await plane.shipper.close(10_000)
  expect(stored).toHaveLength(4)
})

/** A spool as a plane of an older version left it: its second record has a `detail` of so many characters. */
function anOldSpool(dir: string, detailChars: number): void {
  const lines: string[] = []
  let prev = FIRST_PREV
  for (const [at, detail] of ['first', 'x'.repeat(detailChars), 'third'].entries()) {
    const header: AuditHeader = { v: 1, kind: 'call', plane: id, seq: at + 1, prev, boot: uuidv7(), atMs: at, detail }
    prev = headerHash(header)
    lines.push(`${JSON.stringify({ hash: prev, header })}\n`)
  }
  mkdirSync(dir, { recursive: true })
  writeFileSync(join(dir, '0000000000000001.ndjson'), lines.join(''))
}

test('a record that is longer than a batch travels alone, and the records after it go on', async () => {
  const requests: number[] = []
  const { stored, controlUrl } = await aControlPlane((lines) => void requests.push(lines.length))
  const dir = aDir()
  anOldSpool(dir, 2_500_000)
  const plane = aPlane(dir, controlUrl)
  plane.shipper.start()
  await plane.write(2)
  await expect.poll(() => stored.length).toBe(5)
  expect(stored[1]?.header.detail).toHaveLength(2_500_000)
  expect(requests.slice(0, 3)).toEqual([0, 1, 1])
  expect(plane.logged).toEqual([])
  expect(plane.shipper.warning).toBeUndefined()
})

test.for<[story: string, detailChars: number, answersTo: (lines: string[]) => number | undefined]>([
  ['is longer than the control plane takes', MAX_AUDIT_RECORD_BYTES, () => undefined],
  [
    'the control plane calls no record',
    10,
    (lines) => (lines.some((line) => line.includes('"detail":"xxx') && !line.includes('"apart"')) ? 400 : undefined),
  ],
  [
    'is too large for a control plane of an older version',
    1_100_000,
    (lines) => (lines.some((line) => line.length > 1_000_000) ? 413 : undefined),
  ],
])('a record that %s is set apart, the chain goes on over it, and this is reported', async ([, detailChars, answersTo]) => {
  const { stored, controlUrl } = await aControlPlane(answersTo)
  const dir = aDir()
  anOldSpool(dir, detailChars)
  const [, whole = ''] = readFileSync(join(dir, '0000000000000001.ndjson'), 'utf8').split('\n')
  const plane = aPlane(dir, controlUrl)
  plane.shipper.start()
  await plane.write(2)
  await expect.poll(() => stored.length).toBe(6)
  const { hash, header } = AuditRecord.parse(JSON.parse(whole))
  expect(stored[1]).toMatchObject({ hash, standIn: { bytes: whole.length + 1 } })
  expect(stored[1]?.header.detail?.length).toBeLessThanOrEqual(2000)
  expect(stored.map(({ header: { prev } }) => prev).slice(1)).toEqual(stored.map((record) => record.hash).slice(0, -1))
  expect(stored.filter(({ header: { reason } }) => reason === SET_APART)).toMatchObject([{ header: { detail: setApartText(2, hash) } }])
  const kept = readFileSync(join(dir, 'apart', '0000000000000002.ndjson'), 'utf8')
  expect(kept === `${whole}\n` && header.seq === 2).toBe(true)
  expect(plane.errors()).toMatchObject([{ event: 'an audit record cannot be sent and is set apart' }])
  await expect
    .poll(() => plane.shipper.state)
    .toMatchObject({
      written: 6,
      stored: 6,
      waitingMs: 0,
      apart: 1,
      warning: expect.stringContaining('spool/apart'),
    })
})

test('one bad record among many is found, and all others arrive', async () => {
  const { stored, controlUrl } = await aControlPlane((lines) =>
    lines.some((line) => line.includes('"args":"bad"') && !line.includes('"apart"')) ? 400 : undefined,
  )
  const plane = aPlane(aDir(), controlUrl)
  await plane.write(150)
  await plane.write(1, 'bad')
  await plane.write(150)
  plane.shipper.start()
  await expect.poll(() => stored.length).toBe(302)
  expect(stored.filter(({ standIn }) => standIn).map(({ header: { seq } }) => seq)).toEqual([151])
})

test('records that wait are told with their time, and no more once they are stored', async () => {
  const clock = { nowMs: 0 }
  let isDown = true
  const { stored, controlUrl, counts } = await aControlPlane(() => (isDown ? 503 : undefined))
  const plane = aPlane(aDir(), controlUrl, () => clock.nowMs)
  await plane.write(3)
  plane.shipper.start()
  await expect.poll(() => counts.requests).toBeGreaterThan(0)
  expect(plane.shipper.warning).toBeUndefined()
  clock.nowMs = 40_000
  expect(plane.shipper.state).toMatchObject({ written: 3, stored: 0, waitingMs: 40_000 })
  await expect
    .poll(() => plane.shipper.warning)
    .toMatch(/^Audit records that the control plane has not stored: 3\. The oldest has waited for 40 s: the control plane answered 503/)
  expect(healthOf({ held: { revision: 1 } as never }, false, { warning: plane.shipper.warning })).toMatchObject({
    ok: true,
    body: { status: 'degraded', warning: plane.shipper.warning },
  })
  isDown = false
  await expect.poll(() => stored.length).toBe(3)
  await expect.poll(() => plane.shipper.state).toMatchObject({ waitingMs: 0, warning: undefined })
})

/** A spool as a later version left it: three records of version 1, then one with a member more, then one without. */
function aLaterSpool(dir: string): void {
  const lines: string[] = []
  let prev = FIRST_PREV
  for (let seq = 1; seq <= 5; seq++) {
    const common = { kind: 'call', plane: id, seq, prev, boot: uuidv7(), atMs: seq } as const
    const header = seq === 4 ? { v: 2, ...common, zone: { of: 'the caller', '7': 1e21 } } : { v: 1, ...common }
    prev = sha256(JSON.stringify(header))
    lines.push(`${JSON.stringify({ hash: prev, header })}\n`)
  }
  mkdirSync(dir, { recursive: true })
  writeFileSync(join(dir, '0000000000000001.ndjson'), lines.join(''))
}

test('records that a control plane of an earlier version cannot read wait as they are, and arrive whole once it is updated', async () => {
  const reads: { version?: number } = {}
  const { stored, counts, controlUrl } = await aControlPlane(() => undefined, reads)
  const dir = aDir()
  aLaterSpool(dir)
  const before = filesOf(dir)
  const plane = aPlane(dir, controlUrl)
  plane.shipper.start()
  await expect
    .poll(() => plane.logged)
    .toEqual([{ level: 'warn', event: 'audit cannot be shipped', why: expect.stringContaining('update the control plane') }])
  const requestsBefore = counts.requests
  await expect.poll(() => counts.requests).toBeGreaterThan(requestsBefore + 1)
  expect(stored).toHaveLength(3)
  expect(plane.shipper.state).toMatchObject({ stored: 3, apart: 0 })
  expect(filesOf(dir)).toEqual(before)

  reads.version = 2
  await expect.poll(() => stored.length).toBe(5)
  const lines = before[0]?.[1]?.split('\n') ?? []
  expect(JSON.stringify(stored[3]?.header)).toBe(/"header":(.*)}$/.exec(lines[3] ?? '')?.[1])
  await expect.poll(() => plane.logged.at(-1)).toMatchObject({ event: 'audit is shipped again' })
})

test('the session of a token is recorded once the control plane has said that it reads it, and nothing waits for that', async () => {
  const reads: { version?: number } = {}
  const { stored, controlUrl } = await aControlPlane(() => undefined, reads)
  const plane = aPlane(aDir(), controlUrl)
  plane.shipper.start()
  const record = () => plane.spool.append({ kind: 'call', atMs: 0, sessionId: 's' }, {}, false)
  await record()
  await expect.poll(() => stored.length).toBe(1)
  reads.version = 2
  await record()
  // The plane has read the receipt, which says the version.
  await expect.poll(() => plane.shipper.state.stored).toBe(2)
  await record()
  await expect
    .poll(() => stored.map(({ header }) => [header.v, header.sessionId]))
    .toEqual([
      [1, undefined],
      [1, undefined],
      [2, 's'],
    ])
})

test('a record that a control plane cannot read any more, because it was set back to an earlier version, waits too', async () => {
  const reads: { version?: number } = { version: 2 }
  const isUnreadable = (line: string) => reads.version === undefined && line.includes('"v":2')
  const { stored, counts, controlUrl } = await aControlPlane((lines) => (lines.some(isUnreadable) ? 400 : undefined), reads)
  const plane = aPlane(aDir(), controlUrl)
  plane.shipper.start()
  await plane.write(1)
  await expect.poll(() => plane.shipper.state.stored).toBe(1)

  delete reads.version
  await plane.spool.append({ kind: 'call', atMs: 0, sessionId: 's' }, {}, false)
  await expect
    .poll(() => plane.logged)
    .toEqual([{ level: 'warn', event: 'audit cannot be shipped', why: expect.stringContaining('update the control plane') }])
  const requestsBefore = counts.requests
  await expect.poll(() => counts.requests).toBeGreaterThan(requestsBefore + 1)
  expect(stored).toHaveLength(1)
  expect(plane.shipper.state).toMatchObject({ stored: 1, apart: 0 })

  reads.version = 2
  await expect
    .poll(() => stored.map(({ header, standIn }) => [header.sessionId, standIn]))
    .toEqual([
      [undefined, undefined],
      ['s', undefined],
    ])
})

test('a spool of a version whose records this one cannot read stops the start with a sentence, and stays', () => {
  const dir = aDir()
  aLaterSpool(dir)
  const path = join(dir, '0000000000000001.ndjson')
  writeFileSync(path, readFileSync(path, 'utf8').replace('"v":2', '"v":3'))
  const before = filesOf(dir)
  expect(() => Spool.open(dir, { plane: id, boot: uuidv7() }, 1e9)).toThrow(
    `a later version of this software wrote the audit spool in ${path}`,
  )
  expect(filesOf(dir)).toEqual(before)
})
