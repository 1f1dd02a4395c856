import { createHash, createPublicKey } from 'node:crypto'
import { testDb } from '@bir/db/testing'
import { LATER } from '@bir/sdk/contract/needs'
import type { LaterMembers } from '@bir/sdk/contract/needs'
import { BucketChunk, ClassesChunk, IndexChunk, Manifest, ProfileChunk } from '@bir/sdk/contract/snapshot'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import { compactVerify, decodeJwt } from 'jose'
import { sql } from 'kysely'
import { expect, onTestFinished, test } from 'vitest'
import { markDirty } from '../base/context.ts'
import { openKeyRing } from '../keys/key-ring.ts'
import { masterKeyOf } from '../keys/master-key.ts'
import { createPublisher, sweepChunks } from './publish.ts'
import { watchRevisions } from './serve-watch.ts'

const quiet = () => undefined

async function aPublisher() {
  const made = await testDb()
  const { db, url } = made
  const keys = await openKeyRing(db, masterKeyOf(Buffer.alloc(32, 1)))
  const published: number[] = []
  const another = () =>
    createPublisher({
      db,
      manifestKey: keys.manifest,
      inputs: async () => ({ mountable: new Map(), keys: { issuer: 'http://issuer.test', tokenKeys: keys.tokenKeys() } }),
      onPublished: async (revision) => void published.push(revision),
      log: quiet,
    })

  const manifest = async (revision: number) => {
    const row = await db.selectFrom('revisions').selectAll().where('revision', '=', revision).executeTakeFirstOrThrow()
    const { payload, protectedHeader } = await compactVerify(row.manifest, createPublicKey({ key: keys.manifest.jwk, format: 'jwk' }))
    expect(protectedHeader).toMatchObject({ alg: 'EdDSA', typ: 'bir-manifest+jwt', kid: keys.manifest.kid })
    return Manifest.parse(JSON.parse(Buffer.from(payload).toString()))
  }
  const chunk = async (sha256: string): Promise<unknown> => {
    const { bytes } = await db.selectFrom('chunks').select('bytes').where('sha256', '=', sha256).executeTakeFirstOrThrow()
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(sha256)
    return JSON.parse(bytes.toString())
  }
  const addPerson = async (handle: string) => {
    const id = uuidv7()
    await db.transaction().execute(async (trx) => {
      await trx.insertInto('users').values({ id, handle, provider: 'demo', subject: handle, name: null, email: null }).execute()
      await markDirty(trx, [Number.parseInt(id.slice(-3), 16)])
    })
    return { id, bucket: Number.parseInt(id.slice(-3), 16) }
  }
  const publisher = another()
  return { db, url, publisher, another, manifest, chunk, addPerson, published, [Symbol.asyncDispose]: () => made.drop() }
}

/** Adds later members to the vocabulary for as long as a test runs. */
function withLater(later: LaterMembers): void {
  const before = { ...LATER }
  Object.assign(LATER, later)
  onTestFinished(() => {
    for (const part of Object.keys(later)) Reflect.deleteProperty(LATER, part)
    Object.assign(LATER, before)
  })
}

const count = (names: string[], others: string[]) => names.filter((name, at) => name !== others[at]).length

test('the first publication, without people, is revision 1, complete and signed', async () => {
  await using made = await aPublisher()
  expect(await made.publisher.publish()).toBe(1)
  const { chunks, root } = await made.manifest(1)
  expect(root).toMatch(/^[0-9a-f]{64}$/)
  expect(await made.chunk(chunks.classes)).toEqual({ classes: {} })
  for (const index of new Set(chunks.principals)) {
    expect(IndexChunk.parse(await made.chunk(index)).buckets.every((name) => name === null)).toBe(true)
  }
})

test('the same rows make no new revision', async () => {
  await using made = await aPublisher()
  await made.publisher.publish()
  await made.db.transaction().execute((trx) => markDirty(trx, 'all'))
  expect(await made.publisher.publish()).toBe(1)
  expect(made.published).toEqual([1])
})

test('a new person changes one bucket, its index and the classes, and no other chunk', async () => {
  await using made = await aPublisher()
  await made.publisher.publish()
  const { bucket } = await made.addPerson('alice')
  expect(await made.publisher.publish()).toBe(2)

  const [before, after] = [await made.manifest(1), await made.manifest(2)]
  expect(count(after.chunks.principals, before.chunks.principals)).toBe(1)
  const changed = Object.keys(after.chunks).filter((key) => !['classes', 'principals'].includes(key))
  for (const key of changed) expect(after.chunks).toHaveProperty(key, before.chunks[key as 'servers'])

  const { buckets } = IndexChunk.parse(await made.chunk(after.chunks.principals[Math.floor(bucket / 64)] ?? ''))
  expect(BucketChunk.parse(await made.chunk(buckets[bucket % 64] ?? '')).handles).toBe('alice')
  const { classes } = ClassesChunk.parse(await made.chunk(after.chunks.classes))
  for (const { profile } of Object.values(classes)) ProfileChunk.parse(await made.chunk(profile))
})

test('publishers of several replicas that run at once lose no change and agree on the last revision', async () => {
  await using made = await aPublisher()
  const publishers = [made.publisher, made.another(), made.another()]
  const handles = Array.from({ length: 30 }, (_, at) => `person-${at}`)
  await Promise.all(
    handles.map(async (handle, at) => {
      const { bucket } = await made.addPerson(handle)
      const revision = await publishers[at % 3]?.publish()
      const { chunks } = await made.manifest(revision ?? 0)
      const { buckets } = IndexChunk.parse(await made.chunk(chunks.principals[Math.floor(bucket / 64)] ?? ''))
      expect(BucketChunk.parse(await made.chunk(buckets[bucket % 64] ?? '')).handles).toContain(handle)
    }),
  )
  expect(await made.db.selectFrom('dirty').selectAll().execute()).toEqual([])
})

test('a chunk is deleted twenty revisions and ten minutes after the last revision that named it', async () => {
  await using made = await aPublisher()
  const { bucket } = await made.addPerson('renamed-0')
  for (let revision = 1; revision <= 24; revision++) {
    await made.db
      .updateTable('users')
      .set({ handle: `renamed-${revision}` })
      .execute()
    await made.db.transaction().execute((trx) => markDirty(trx, [bucket]))
    expect(await made.publisher.publish()).toBe(revision)
  }
  const indexOf = async (revision: number) => (await made.manifest(revision)).chunks.principals[Math.floor(bucket / 64)] ?? ''
  const [fourth, fifth] = [await indexOf(4), await indexOf(5)]

  expect(await sweepChunks(made.db)).toBe(0)
  await made.db
    .updateTable('revisions')
    .set({ at: sql<Date>`at - interval '11 minutes'` })
    .execute()
  expect(await sweepChunks(made.db)).toBe(8)
  await expect(made.chunk(fourth)).rejects.toThrow()
  await expect(made.chunk(fifth)).resolves.toBeDefined()
  await expect(made.manifest(4)).rejects.toThrow()
  await expect(made.manifest(24)).resolves.toBeDefined()
})

test('a publication of another replica wakes those who wait', async () => {
  await using made = await aPublisher()
  await made.publisher.publish()
  const watch = watchRevisions({ db: made.db, databaseUrl: made.url, onSetBack: async () => undefined, log: quiet })
  await watch.newerThan(0, AbortSignal.timeout(10_000))
  const waiting = watch.newerThan(1, AbortSignal.timeout(10_000))
  await made.addPerson('bob')
  await made.another().publish()
  await waiting
  expect(watch.current()?.revision).toBe(2)
  await watch.stop()
})

test('every part of what is published names the words of what it says', async () => {
  await using made = await aPublisher()
  await made.publisher.publish()
  expect(await made.manifest(1)).not.toHaveProperty('needs')

  withLater({
    manifest: { format: 'm' },
    servers: { servers: 's' },
    classes: { 'classes.*.groups': 'c' },
    profile: { servers: 'p' },
    bucket: { handles: 'b' },
    index: { buckets: 'i' },
    settings: { 'settings.rateBurst': 't' },
    revocations: { killed: 'r' },
    keys: { issuer: 'k' },
    planes: { planes: 'l' },
  })
  const { bucket } = await made.addPerson('alice')
  expect(await made.publisher.publish()).toBe(2)
  const row = await made.db.selectFrom('revisions').select('manifest').where('revision', '=', 2).executeTakeFirstOrThrow()
  expect(decodeJwt(row.manifest)).toHaveProperty('needs', ['m'])
  const { chunks } = await made.manifest(2)
  const needsOf = async (name: string | null | undefined) => ((await made.chunk(name ?? '')) as { needs?: string[] }).needs?.join('')
  const index = chunks.principals[Math.floor(bucket / 64)] ?? ''
  const classes = ClassesChunk.parse(await made.chunk(chunks.classes))
  const profile = Object.values(classes.classes)[0]?.profile
  const names = { ...chunks, principals: undefined, index, profile, bucket: IndexChunk.parse(await made.chunk(index)).buckets[bucket % 64] }
  const entries = Object.entries(names).filter(([, name]) => name !== undefined)
  const words = await Promise.all(entries.map(async ([part, name]) => [part, await needsOf(name)]))
  expect(Object.fromEntries(words)).toEqual({
    servers: 's',
    classes: 'c',
    profile: 'p',
    bucket: 'b',
    index: 'i',
    settings: 't',
    revocations: 'r',
    keys: 'k',
    planes: 'l',
  })
})
