import { copyFileSync, mkdtempSync, readFileSync, rmSync, unlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setInterval } from 'node:timers/promises'
import { AuditRecord } from '@bir/sdk/contract/audit'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import { afterEach, expect, onTestFinished, test } from 'vitest'
import { healthOf } from '../plane.ts'
import { ControlClient } from '../control/client.ts'
import { newKeys } from '../control/identity.ts'
import { serverOf } from '../upstream/testing.ts'
import { segments } from './segments.ts'
import { Shipper } from './shipper.ts'
import { Spool } from './spool.ts'

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

/** The control plane's end of the wire: keeps what continues its chain, refuses what does not, and counts who asks. */
async function aControlPlane() {
  const kept: AuditRecord[] = []
  const seen = { requests: 0 }
  const take = (ndjson: string): boolean =>
    ndjson
      .split('\n')
      .filter(Boolean)
      .map((line) => AuditRecord.parse(JSON.parse(line)))
      .every((record) => {
        const known = kept[record.header.seq - 1]
        if (known) return known.hash === record.hash
        if (record.header.seq !== kept.length + 1 || (kept.at(-1)?.hash ?? record.header.prev) !== record.header.prev) return false
        kept.push(record)
        return true
      })
  const server = await serverOf(async (request, response) => {
    seen.requests++
    const fits = take(await text(request))
    response.writeHead(fits ? 200 : 409).end(JSON.stringify({ stored: kept.length }))
  })
  ends.push(() => Promise.resolve(server[Symbol.asyncDispose]()))
  return { kept, seen, controlUrl: server.url }
}

/** A plane's spool and what brings it away. */
function aPlane(dir: string, controlUrl: string) {
  const { spool } = Spool.open(dir, { plane: id, boot: uuidv7() }, 1e9)
  const manifestKey = { kty: 'OKP', kid: 'm', alg: 'EdDSA' }
  const control = new ControlClient({ id, controlUrl, issuer: 'http://control.test', manifestKey, ...newKeys() })
  const logged: { level: string; event: string; why: unknown }[] = []
  const shipper = new Shipper({
    dir,
    spool,
    control,
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

const filesOf = (dir: string) => segments(dir).map(({ path }) => [basename(path), readFileSync(path, 'utf8')])
const health = ({ shipper }: ReturnType<typeof aPlane>) => healthOf({ held: undefined }, false, { warning: shipper.warning }).body

/** A plane that shipped eight records, and then finds its disk as it was after three. */
async function aPlaneSetBack() {
  const at = await aControlPlane()
  const dir = aDir()
  const before = aPlane(dir, at.controlUrl)
  before.shipper.start()
  await before.write(3)
  const [file = ''] = segments(dir).map(({ path }) => path)
  copyFileSync(file, `${file}.old`)
  await before.write(5)
  await expect.poll(() => at.kept.length).toBe(8)
  await before.closeNow()
  copyFileSync(`${file}.old`, file)
  return { ...at, dir, plane: aPlane(dir, at.controlUrl) }
}

test('a plane set back to an older disk says so once, warns in its health, and ships and deletes nothing', async () => {
  const { kept, seen, dir, plane } = await aPlaneSetBack()
  const records = [...kept]
  const files = filesOf(dir)
  plane.shipper.start()
  const asked = seen.requests
  await expect.poll(() => seen.requests).toBeGreaterThan(asked + 2)
  expect(plane.logged).toEqual([
    {
      level: 'error',
      event: 'audit has parted from the control plane',
      why: expect.stringMatching(/^The control plane holds 8 audit records of this plane, whose own spool ends at 3\. Nothing is shipped/),
    },
  ])
  expect(health(plane)).toMatchObject({ warning: plane.logged[0]?.why })
  expect(filesOf(dir)).toEqual(files)
  expect(kept).toEqual(records)
})

test('it goes on warning when its new records outgrow the old ones: they do not continue the chain', async () => {
  const { kept, seen, dir, plane } = await aPlaneSetBack()
  const records = [...kept]
  plane.shipper.start()
  await plane.write(6)
  const asked = seen.requests
  await expect.poll(() => seen.requests).toBeGreaterThan(asked + 2)
  expect(plane.errors()).toHaveLength(1)
  expect(health(plane)).toHaveProperty('warning')
  expect(filesOf(dir).flatMap(([, text = '']) => text.split('\n').filter((line) => line.startsWith('{')))).toHaveLength(9)
  expect(kept).toEqual(records)
})

test('once the control plane takes records again the warning is gone', async () => {
  const { kept, plane } = await aPlaneSetBack()
  plane.shipper.start()
  await expect.poll(() => plane.shipper.warning).toBeDefined()
  kept.splice(3) // its database is set back too
  await plane.write(2)
  await expect.poll(() => kept.length).toBe(5)
  await expect.poll(() => plane.shipper.warning).toBeUndefined()
  expect(plane.logged.at(-1)).toMatchObject({ level: 'info', event: 'audit is shipped again' })
})

test('a record that is in no file is waited for, not spun on, and the loop goes on answering', async () => {
  const { controlUrl, seen } = await aControlPlane()
  const dir = aDir()
  const plane = aPlane(dir, controlUrl)
  await plane.write(2)
  for (const { path } of segments(dir)) unlinkSync(path)
  plane.shipper.start()
  await expect.poll(() => plane.logged).toMatchObject([{ level: 'warn', why: 'Error: record 1 is in no file of the audit spool' }])
  await expect.poll(() => seen.requests).toBeGreaterThan(1)
  expect(seen.requests).toBeLessThan(10)
})

test('a segment goes only when a record of the next was taken, and everything arrives', async () => {
  const { kept, controlUrl } = await aControlPlane()
  const dir = aDir()
  const plane = aPlane(dir, controlUrl)
  await plane.write(280, 'x'.repeat(60_000))
  expect(segments(dir).length).toBeGreaterThan(2)
  plane.shipper.start()
  await expect.poll(() => kept.length).toBe(280)
  await expect.poll(() => segments(dir).length).toBe(1)
  expect(plane.logged).toEqual([])
})

test('while records keep coming they leave together, a batch every 150 ms at most, and all arrive', async () => {
  const { kept, seen, controlUrl } = await aControlPlane()
  const plane = aPlane(aDir(), controlUrl)
  const startedMs = performance.now()
  plane.shipper.start()
  let written = 0
  for await (const _ of setInterval(1)) {
    await plane.write(1)
    written++
    if (performance.now() > startedMs + 700) break
  }
  await expect.poll(() => kept.length).toBe(written)
  // The first request asks how far the control plane is, and the first batch need not wait.
  expect(seen.requests).toBeLessThanOrEqual(2 + Math.ceil((performance.now() - startedMs) / 150))
})

test('a plane that ends does not wait for more records: what it has leaves at once', async () => {
  const { kept, controlUrl } = await aControlPlane()
  const plane = aPlane(aDir(), controlUrl)
  plane.shipper.start()
  await plane.write(1)
  await expect.poll(() => kept.length).toBe(1)
  await plane.write(3)
  await plane.shipper.close(10_000)
  expect(kept).toHaveLength(4)
})
