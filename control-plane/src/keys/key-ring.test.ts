import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { testDb } from '@bir/db/testing'
import { expect, test } from 'vitest'
import { openKeyRing, readSealingKeys, readTokenKeys } from './key-ring.ts'
import { masterKeyOf, readMasterKey } from './master-key.ts'
import { DAY_MS } from './rotation.ts'

const master = masterKeyOf(Buffer.alloc(32, 1))

test('a wrapped key opens only with its own kid and master key', () => {
  const wrapped = master.wrap('kid-1', Buffer.from('secret'))
  expect(master.unwrap('kid-1', wrapped).toString()).toBe('secret')
  expect(() => master.unwrap('kid-2', wrapped)).toThrow()
  expect(() => masterKeyOf(Buffer.alloc(32, 2)).unwrap('kid-1', wrapped)).toThrow()
  expect(() => master.unwrap('kid-1', wrapped.fill(0, 20, 21))).toThrow()
})

test('the first start in stage local makes a master key that only its owner can read, and keeps it', () => {
  const homeDir = join(mkdtempSync(join(tmpdir(), 'bir-keys-')), 'control')
  expect(() => readMasterKey({ stage: 'prod', homeDir })).toThrow('no master key')
  const made = readMasterKey({ stage: 'local', homeDir })
  const file = join(homeDir, 'master.key')
  expect([statSync(file).mode & 0o777, readFileSync(file).length]).toEqual([0o600, 32])
  expect(
    readMasterKey({ stage: 'prod', homeDir })
      .unwrap('a', made.wrap('a', Buffer.from('x')))
      .toString(),
  ).toBe('x')
  writeFileSync(file, 'short')
  expect(() => readMasterKey({ stage: 'local', homeDir })).toThrow('not 32 bytes')
  rmSync(homeDir, { recursive: true })
})

test('the database holds no private key in plain form', async () => {
  await using made = await testDb()
  const ring = await openKeyRing(made.db, master)
  const secret = ring.tokenKey().privateKey.export({ format: 'der', type: 'pkcs8' })
  const rows = await made.db.selectFrom('keys').selectAll().execute()
  expect(rows.map(({ purpose }) => purpose).sort()).toEqual(['audit', 'manifest', 'sealing', 'token', 'token'])
  for (const { wrapped } of rows) expect(wrapped.includes(secret.subarray(-32))).toBe(false)
})

test('replicas that open the ring at once find the same keys', async () => {
  await using made = await testDb()
  const rings = await Promise.all(Array.from({ length: 5 }, () => openKeyRing(made.db, master)))
  const faces = rings.map((ring) => JSON.stringify([ring.manifest.kid, ring.audit.kid, ring.tokenKey().kid, ring.tokenKeys()]))
  expect(new Set(faces).size).toBe(1)
})

test('after a month, the key that was published ahead signs tokens, and the old key is still published', async () => {
  await using made = await testDb()
  let nowMs = Date.now()
  const ring = await openKeyRing(made.db, master, { now: () => nowMs })
  const [old, ahead] = [ring.tokenKey().kid, ring.tokenKeys().find(({ kid }) => kid !== ring.tokenKey().kid)?.kid]
  nowMs += 31 * DAY_MS
  await ring.refresh()
  expect(ring.tokenKey().kid).toBe(ahead)
  expect(ring.tokenKeys().map(({ kid }) => kid)).toEqual(expect.arrayContaining([old, ahead]))
  expect(ring.tokenKeys()).toHaveLength(3)
  expect(await readTokenKeys(made.db, master)).toEqual(ring.tokenKeys())
})

test('sealing keys rotate daily, the one in use comes first, and there are at most eight', async () => {
  await using made = await testDb()
  let nowMs = Date.now() - 20 * DAY_MS
  const ring = await openKeyRing(made.db, master, { now: () => nowMs })
  for (; nowMs <= Date.now(); nowMs += DAY_MS / 4) await ring.refresh()
  const keys = await readSealingKeys(made.db, master)
  expect(keys).toHaveLength(8)
  const [first, ...others] = keys
  expect(first?.activeAt.getTime()).toBeLessThanOrEqual(Date.now())
  const used = others.filter(({ activeAt }) => activeAt.getTime() <= Date.now())
  for (const { activeAt } of used) expect(activeAt.getTime()).toBeLessThan(first?.activeAt.getTime() ?? 0)
})
