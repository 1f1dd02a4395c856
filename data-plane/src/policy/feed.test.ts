import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { canonical } from '@bir/sdk/contract/canonical'
import { decide } from '@bir/sdk/contract/decide'
import type { Ack } from '@bir/sdk/contract/internal'
import type { Part } from '@bir/sdk/contract/needs'
import type { Policy } from '@bir/sdk/contract/policy'
import { RemoteSettings } from '@bir/sdk/contract/remote'
import { Settings } from '@bir/sdk/contract/settings'
import {
  BucketChunk,
  BUCKETS_PER_INDEX,
  ClassesChunk,
  IndexChunk,
  KeysChunk,
  Manifest,
  PersonalTokensChunk,
  PlanesChunk,
  ProfileChunk,
  RevocationsChunk,
  ServersChunk,
  SettingsChunk,
} from '@bir/sdk/contract/snapshot'
import type { PersonalTokenEntry, ServerEntry } from '@bir/sdk/contract/snapshot'
import { subjectOf } from '@bir/sdk/contract/subject'
import { STRANGER, withStrangers } from '@bir/sdk/contract/testing'
import { CompactSign, exportJWK, generateKeyPair } from 'jose'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { z } from 'zod'
import { ALICE, aServer, entryOf } from '../testing/plane.ts'
import { PolicyCache } from './cache.ts'
import { PolicyFeed } from './feed.ts'
import { sha256Hex } from '../runtime/sha256.ts'

/** How a later version writes a part of the snapshot. */
type Written = (part: Part, value: object) => object

const aToken: PersonalTokenEntry = { id: ALICE, subject: ALICE, servers: ['things'], networks: ['10.0.0.0/8'], expiresAtS: 2_000_000_000 }

/** Plays the control plane: publishes chunks by name, and signed statements. */
async function aPublisher() {
  const { publicKey, privateKey } = await generateKeyPair('EdDSA', { extractable: true })
  const chunks = new Map<string, Buffer>()
  const put = (value: object): string => {
    const bytes = Buffer.from(canonical(value))
    const name = sha256Hex(bytes)
    chunks.set(name, bytes)
    return name
  }
  const sign = (typ: string, payload: object, history?: string) =>
    new CompactSign(Buffer.from(JSON.stringify(payload)))
      .setProtectedHeader({ alg: 'EdDSA', typ, ...(history && { history }) })
      .sign(privateKey)

  return {
    manifestKey: { ...(await exportJWK(publicKey)), kty: 'OKP', kid: 'm', alg: 'EdDSA' },
    chunks,
    fetched: [] as string[],
    async publish(
      revision: number,
      {
        level = 'read',
        entry = entryOf(server),
        atMs = Date.now(),
        wrongRoot = false,
        history,
        tokens = { ['c'.repeat(64)]: aToken },
        endedTokens,
        written = (_, value) => value,
      }: {
        level?: 'read' | 'write'
        entry?: ServerEntry
        atMs?: number
        wrongRoot?: boolean
        history?: string
        /** Null: as a control plane of an earlier version, which has no personal access tokens. */
        tokens?: Record<string, PersonalTokenEntry> | null
        endedTokens?: PersonalTokensChunk['ended']
        written?: Written
      } = {},
    ) {
      const bucketAt = subjectOf(ALICE)?.bucket ?? 0
      const chunk = (part: Part, value: object) => put(written(part, value))
      const bucket = chunk('bucket', {
        ids: Buffer.from(ALICE.replaceAll('-', ''), 'hex').toString('base64'),
        handles: 'alice',
        classes: ['a'.repeat(16)],
        classOf: 'AAA=',
        flags: 'AA==',
      })
      const index = (at: number) =>
        chunk('index', {
          buckets: Array.from({ length: BUCKETS_PER_INDEX }, (_, offset) => (at * BUCKETS_PER_INDEX + offset === bucketAt ? bucket : null)),
        })
      const profile = chunk('profile', { servers: { things: { user: [{ level }] } } })
      const names = {
        servers: chunk('servers', { servers: { things: entry } }),
        classes: chunk('classes', { classes: { ['a'.repeat(16)]: { profile, groups: [] } } }),
        settings: chunk('settings', { settings: Settings.parse({}) }),
        revocations: chunk('revocations', { tokens: [], sessions: [], epochs: {}, killed: [] }),
        keys: chunk('keys', { issuer: 'http://control.test', tokenKeys: [{ kty: 'OKP', kid: 'k', alg: 'EdDSA' }] }),
        planes: chunk('planes', { planes: [{ id: ALICE, name: 'north', publicKey: { kty: 'OKP', kid: 'p', alg: 'EdDSA' } }] }),
        ...(tokens && { personalTokens: chunk('personalTokens', { personalTokens: tokens, ...(endedTokens && { ended: endedTokens }) }) }),
        principals: Array.from({ length: 64 }, (_, at) => index(at)),
      }
      const manifest = written('manifest', { format: 1, revision, root: '', atMs, chunks: names })
      const root = wrongRoot ? '0'.repeat(64) : sha256Hex(canonical('chunks' in manifest ? manifest.chunks : {}))
      return Buffer.from(JSON.stringify({ manifest: await sign('bir-manifest+jwt', { ...manifest, root }, history), ...STRANGER }))
    },
    fresh: async (revision: number, atMs: number, history?: string) =>
      Buffer.from(JSON.stringify({ fresh: await sign('bir-fresh+jwt', { revision, atMs, ...STRANGER }, history), ...STRANGER })),
  }
}

const server = aServer()
const histories = ['5f0e2f0c-0b1a-4f5e-9d0b-6a1f3a2b4c5d', '0c9b8a7d-6e5f-4a3b-8c2d-1e0f9a8b7c6d'] as const

async function aFeed(publisher: Awaited<ReturnType<typeof aPublisher>>, dir = aDir()) {
  const acks: Ack[] = []
  const feed = new PolicyFeed({
    manifestKey: publisher.manifestKey,
    mounted: new Map([['things', server]]),
    cache: new PolicyCache(dir),
    log: () => undefined,
    refusal: () => undefined,
    async fetchChunk(name) {
      publisher.fetched.push(name)
      return publisher.chunks.get(name) ?? Promise.reject(new Error('no such chunk'))
    },
    acknowledge: async (ack) => void acks.push(ack),
    planesChanged: () => undefined,
  })
  return { feed, acks, dir }
}

function aDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'bir-feed-'))
  // The feed may still be saving when its test ends.
  onTestFinished(() => rmSync(dir, { recursive: true, maxRetries: 10, retryDelay: 50 }))
  return dir
}

function mayWrite(feed: PolicyFeed): boolean {
  const subject = subjectOf(ALICE)
  return subject !== undefined && decide(feed.current(), { subject, server: 'things', tool: 'update_thing', nowMs: Date.now() }).allow
}

test('a published policy is applied, acknowledged and decides', async () => {
  const publisher = await aPublisher()
  const { feed, acks } = await aFeed(publisher)
  expect(() => feed.current()).toThrow()
  await feed.answer(await publisher.publish(1))
  expect(mayWrite(feed)).toBe(false)
  await feed.answer(await publisher.publish(2, { level: 'write' }))
  expect(mayWrite(feed)).toBe(true)
  expect(acks).toEqual([{ revision: 1 }, { revision: 2 }])
})

test('after a change of one grant only the profile and the classes are fetched', async () => {
  const publisher = await aPublisher()
  const { feed } = await aFeed(publisher)
  await feed.answer(await publisher.publish(1))
  publisher.fetched.length = 0
  await feed.answer(await publisher.publish(2, { level: 'write' }))
  expect(publisher.fetched).toHaveLength(2)
})

test.for([
  ['a lower revision', (p) => p.publish(4, { level: 'write' })],
  ['a lower revision of another history', (p) => p.publish(4, { level: 'write', history: histories[1] })],
  ['another policy with the number of the one in force', (p) => p.publish(5, { level: 'write', history: histories[1] })],
  ['a manifest whose root is not that of its chunks', (p) => p.publish(6, { level: 'write', wrongRoot: true })],
  ['a manifest signed by somebody else', async () => (await aPublisher()).publish(6, { level: 'write' })],
  [
    'a chunk with other bytes than its name says',
    async (p) => {
      const answer = await p.publish(6, { level: 'write' })
      const [last] = [...p.chunks.keys()].slice(-70)
      for (const name of p.chunks.keys())
        if (name !== last) p.chunks.set(name, Buffer.concat([p.chunks.get(name) ?? Buffer.alloc(0), Buffer.from(' ')]))
      return answer
    },
  ],
  [
    'settings this plane cannot serve',
    (p) => p.publish(6, { level: 'write', entry: { ...entryOf(server), settings: [] } as unknown as ServerEntry }),
  ],
] as [string, (p: Awaited<ReturnType<typeof aPublisher>>) => Promise<Buffer>][])(
  '%s changes nothing: the policy in force stays',
  async ([, make]) => {
    const publisher = await aPublisher()
    const { feed } = await aFeed(publisher)
    await feed.answer(await publisher.publish(5))
    await expect(feed.answer(await make(publisher))).rejects.toThrow()
    expect(feed.current().revision).toBe(5)
    expect(mayWrite(feed)).toBe(false)
  },
)

test('a plane says which policy bears the number that it holds, also after a restart', async () => {
  const publisher = await aPublisher()
  const { feed, dir } = await aFeed(publisher)
  expect(feed.heldQuery).toBe('')
  await feed.answer(await publisher.publish(1))
  expect(feed.heldQuery).toBe(`root=${feed.current().root}`)
  await feed.answer(await publisher.publish(2, { history: histories[0] }))
  expect(feed.heldQuery).toBe(`history=${histories[0]}&root=${feed.current().root}`)
  await feed.saved()
  const again = await aFeed({ ...publisher, chunks: new Map() }, dir)
  await again.feed.restore()
  expect(again.feed.heldQuery).toBe(feed.heldQuery)
})

test('what was newest in another history does not make the policy fresh', async () => {
  const publisher = await aPublisher()
  const { feed } = await aFeed(publisher)
  await feed.answer(await publisher.publish(2, { atMs: 1_000, history: histories[0] }))
  await feed.answer(await publisher.fresh(2, 9_000, histories[1]))
  expect(feed.freshAtMs()).toBe(1_000)
  await feed.answer(await publisher.fresh(2, 9_000, histories[0]))
  expect(feed.freshAtMs()).toBe(9_000)
})

test('a restart without a control plane restores the last good policy, and its age', async () => {
  const publisher = await aPublisher()
  const { feed, dir } = await aFeed(publisher)
  await feed.answer(await publisher.publish(1, { atMs: 1_000 }))
  await feed.saved()
  await feed.answer(await publisher.publish(2, { level: 'write', atMs: 2_000 }))
  await feed.saved()
  await feed.answer(await publisher.fresh(2, 9_000))

  const again = await aFeed({ ...publisher, chunks: new Map() }, dir)
  expect(await again.feed.restore()).toBe(true)
  expect(again.feed.current().revision).toBe(2)
  expect(again.feed.freshAtMs()).toBe(9_000)
  expect(mayWrite(again.feed)).toBe(true)
})

test('a statement that a newer policy is fresh does not make an older one fresh', async () => {
  const publisher = await aPublisher()
  const { feed } = await aFeed(publisher)
  await feed.answer(await publisher.publish(1, { atMs: 1_000 }))
  await feed.answer(await publisher.fresh(2, 9_000))
  expect(feed.freshAtMs()).toBe(1_000)
})

test('when the newest copy on disk is torn the one before is restored; when both are torn, none is', async () => {
  const publisher = await aPublisher()
  const { feed, dir } = await aFeed(publisher)
  for (const revision of [1, 2]) {
    await feed.answer(await publisher.publish(revision, { atMs: revision }))
    await feed.saved()
  }
  const slots = readdirSync(dir).filter((name) => /policy-[ab]$/.test(name))
  expect(slots).toHaveLength(2)
  const damage = (name: string) => writeFileSync(join(dir, name), readFileSync(join(dir, name)).subarray(0, -40))
  damage('policy-b')
  const second = await aFeed(publisher, dir)
  await second.feed.restore()
  expect(second.feed.current().revision).toBe(1)
  damage('policy-a')
  expect(await (await aFeed(publisher, dir)).feed.restore()).toBe(false)
})

test('a level below that of the code needs the label of an administrator', async () => {
  const publisher = await aPublisher()
  const { feed } = await aFeed(publisher)
  const tools = {
    update_thing: { level: 'read' as const },
    delete_thing: { level: 'read' as const, labelled: true as const },
    gone_tool: { level: 'read' as const },
  }
  await feed.answer(await publisher.publish(1, { entry: { ...entryOf(server), tools } }))
  const served = feed.current().servers.get('things')?.tools
  expect(Object.fromEntries(served ?? [])).toEqual({ update_thing: { level: 'write' }, delete_thing: { level: 'read', labelled: true } })
})

test('personal access tokens come and go with the policy, and a control plane of an earlier version names none', async () => {
  const publisher = await aPublisher()
  const { feed, dir } = await aFeed(publisher)
  await feed.answer(await publisher.publish(1, { tokens: null }))
  expect(feed.current().personalTokens.size).toBe(0)
  await feed.answer(await publisher.publish(2))
  const kept = feed.current().personalTokens
  expect(kept.get('c'.repeat(64))).toEqual(aToken)
  await feed.answer(await publisher.publish(3, { level: 'write' }))
  expect(feed.current().personalTokens).toBe(kept)
  await feed.saved()
  const { feed: again } = await aFeed(publisher, dir)
  expect(await again.restore()).toBe(true)
  expect([...again.current().personalTokens]).toEqual([...kept])
  expect(feed.current().endedPersonalTokens.size).toBe(0)
  const { id, subject, expiresAtS } = aToken
  const endedTokens = { ['c'.repeat(64)]: { id, subject, expiresAtS, revoked: true as const } }
  await feed.answer(await publisher.publish(4, { tokens: {}, endedTokens }))
  expect(feed.current().personalTokens.size).toBe(0)
  expect([...feed.current().endedPersonalTokens]).toEqual(Object.entries(endedTokens))
  await feed.answer(await publisher.publish(5))
  await feed.answer(await publisher.publish(6, { tokens: null }))
  expect(feed.current().personalTokens.size).toBe(0)
})

test('a wait for a revision ends when it arrives, or after a second', async () => {
  const publisher = await aPublisher()
  const { feed } = await aFeed(publisher)
  await feed.answer(await publisher.publish(1))
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  const [reached, missed] = [feed.waitForRevision(2), feed.waitForRevision(3)]
  await feed.answer(await publisher.publish(2))
  expect(await reached).toBe(true)
  vi.advanceTimersByTime(1_000)
  expect(await missed).toBe(false)
})

const schemas: Record<Part, z.ZodType> = {
  manifest: Manifest,
  servers: ServersChunk,
  classes: ClassesChunk,
  profile: ProfileChunk,
  bucket: BucketChunk,
  index: IndexChunk,
  settings: SettingsChunk,
  revocations: RevocationsChunk,
  keys: KeysChunk,
  planes: PlanesChunk,
  personalTokens: PersonalTokensChunk,
}
const parts = Object.keys(schemas) as Part[]

const aRemote: ServerEntry = {
  kind: 'remote',
  title: 'Far',
  remote: RemoteSettings.parse({ url: 'http://far.test/mcp', headers: { 'x-key': { secret: 'key' } } }),
  tools: { get: { level: 'read' } },
}

test.for([entryOf(server), aRemote])(
  'members that a later version adds, in every object of every part, change nothing, nor do they after a restart',
  async (entry) => {
    const publisher = await aPublisher()
    const { feed, acks, dir } = await aFeed(publisher)
    const { feed: plain } = await aFeed(publisher)
    const written: Written = (part, value) => withStrangers(schemas[part], value) as object
    const settings = entry.kind === 'mounted' ? { settings: STRANGER } : {}
    await feed.answer(await publisher.publish(1, { written, atMs: 1, entry: { ...entry, ...settings } as ServerEntry }))
    await plain.answer(await publisher.publish(1, { atMs: 1, entry }))
    const withoutSettings = (policy: Policy) => ({
      ...policy,
      root: '',
      serversChunk: '',
      buckets: policy.buckets.filter(Boolean),
      servers: [...policy.servers].map(([id, one]) => [id, { ...one, settings: {} }]),
      planes: policy.planes.map(({ id, name }) => ({ id, name })),
      keys: policy.keys.issuer,
    })
    expect(withoutSettings(feed.current())).toEqual(withoutSettings(plain.current()))
    expect(acks).toEqual([{ revision: 1 }])
    await feed.answer(await publisher.fresh(1, 9_000))
    await feed.saved()

    const { feed: again } = await aFeed(publisher, dir)
    expect(await again.restore()).toBe(true)
    expect(again.freshAtMs()).toBe(9_000)
    expect(withoutSettings(again.current())).toEqual(withoutSettings(plain.current()))
  },
)

test.for(parts)('a %s that needs a word the plane does not know is refused, and the control plane is told the word', async (needing) => {
  const publisher = await aPublisher()
  const { feed, acks } = await aFeed(publisher)
  await feed.answer(await publisher.publish(1))
  const written: Written = (part, value) => (part === needing ? { ...value, needs: ['conditions', 'quorum'] } : value)
  const what = needing === 'manifest' ? 'the manifest' : `the ${needing} chunk`
  const why = `${what} needs conditions, quorum, which this plane does not know: update the plane`
  await expect(feed.answer(await publisher.publish(2, { level: 'write', written }))).rejects.toThrow(`revision 2 cannot be served: ${why}`)
  expect(acks).toEqual([{ revision: 1 }, { rejected: 2, reasons: [why] }])
  expect(feed.current().revision).toBe(1)
  expect(mayWrite(feed)).toBe(false)

  await feed.answer(await publisher.publish(3, { level: 'write' }))
  expect(mayWrite(feed)).toBe(true)
})

test.for<[story: string, part: Part, members: object, why: RegExp]>([
  [
    'a fixed value',
    'servers',
    { servers: { things: { ...entryOf(server), kind: 'stdio' } } },
    /^the servers chunk cannot be read: servers\.things/,
  ],
  ['a flag of people', 'bucket', { flags: 'Ag==' }, /flags that this version does not know: update it/],
  ['a format', 'manifest', { format: 2 }, /^the manifest cannot be read: format: /],
])('%s that the plane does not know is refused, and the control plane is told why', async ([, of, members, why]) => {
  const publisher = await aPublisher()
  const { feed, acks } = await aFeed(publisher)
  await feed.answer(await publisher.publish(1))
  const written: Written = (part, value) => (part === of ? { ...value, ...members } : value)
  await expect(feed.answer(await publisher.publish(2, { written }))).rejects.toThrow('revision 2 cannot be served')
  expect(acks[1]).toEqual({ rejected: 2, reasons: [expect.stringMatching(why)] })
  expect(feed.current().revision).toBe(1)
})
