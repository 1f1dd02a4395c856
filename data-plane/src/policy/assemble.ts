import { setImmediate as nextTurn } from 'node:timers/promises'
import { readBucket } from '@bir/sdk/contract/bucket'
import type { Bucket } from '@bir/sdk/contract/bucket'
import { readProfile, readServers } from '@bir/sdk/contract/policy'
import type { Policy, PolicyClass, Profile } from '@bir/sdk/contract/policy'
import {
  BucketChunk,
  BUCKETS_PER_INDEX,
  ClassesChunk,
  IndexChunk,
  KeysChunk,
  PlanesChunk,
  ProfileChunk,
  RevocationsChunk,
  ServersChunk,
  SettingsChunk,
} from '@bir/sdk/contract/snapshot'
import type { Manifest } from '@bir/sdk/contract/snapshot'
import type { z } from 'zod'

const longestTurnMs = 4

/** The bytes of a chunk by its name. Rejects when it cannot be had or does not hash to its name. */
export type ReadChunk = (name: string) => Promise<Uint8Array>

/** What was read before, by name: chunks never change, so what a new revision shares with the last is not read again. */
export interface Parsed {
  readonly profiles: Map<string, Profile>
  readonly indexes: Map<string, IndexChunk>
  readonly buckets: Map<string, Bucket>
  servers?: { name: string; value: Policy['servers'] }
}

export const nothingParsed = (): Parsed => ({ profiles: new Map(), indexes: new Map(), buckets: new Map() })

/** Reads a manifest's chunks into a policy, giving way to calls every few milliseconds. The returned `parsed` holds just what this policy uses. */
export async function assemble(manifest: Manifest, read: ReadChunk, before: Parsed): Promise<{ policy: Policy; parsed: Parsed }> {
  const { chunks } = manifest
  const turn = { startedMs: performance.now() }
  const load = async <T>(name: string, schema: z.ZodType<T>) => schema.parse(JSON.parse(Buffer.from(await read(name)).toString('utf8')))
  const parsed = nothingParsed()

  parsed.servers =
    before.servers?.name === chunks.servers
      ? before.servers
      : { name: chunks.servers, value: readServers(await load(chunks.servers, ServersChunk)) }
  const { classes } = await load(chunks.classes, ClassesChunk)
  const held = new Map<string, PolicyClass>()
  for (const [key, { profile, groups }] of Object.entries(classes)) {
    const known = before.profiles.get(profile) ?? parsed.profiles.get(profile) ?? readProfile(await load(profile, ProfileChunk))
    parsed.profiles.set(profile, known)
    held.set(key, { profile: known, groups })
    await giveWay(turn)
  }

  const buckets: (Bucket | undefined)[] = []
  for (const [at, name] of chunks.principals.entries()) {
    const index = before.indexes.get(name) ?? (await load(name, IndexChunk))
    parsed.indexes.set(name, index)
    for (const [offset, bucketName] of index.buckets.entries()) {
      if (bucketName === null) continue
      const bucket = before.buckets.get(bucketName) ?? parsed.buckets.get(bucketName) ?? readBucket(await load(bucketName, BucketChunk))
      parsed.buckets.set(bucketName, bucket)
      buckets[at * BUCKETS_PER_INDEX + offset] = bucket
      await giveWay(turn)
    }
  }

  const { tokens, sessions, epochs, killed } = await load(chunks.revocations, RevocationsChunk)
  const policy: Policy = {
    revision: manifest.revision,
    root: manifest.root,
    servers: parsed.servers.value,
    serversChunk: chunks.servers,
    classes: held,
    buckets,
    settings: (await load(chunks.settings, SettingsChunk)).settings,
    revoked: { tokens: new Set(tokens), sessions: new Set(sessions), epochs: new Map(Object.entries(epochs)), killed: new Set(killed) },
    keys: await load(chunks.keys, KeysChunk),
    planes: (await load(chunks.planes, PlanesChunk)).planes,
  }
  return { policy, parsed }
}

async function giveWay(turn: { startedMs: number }): Promise<void> {
  if (performance.now() - turn.startedMs < longestTurnMs) return
  await nextTurn()
  turn.startedMs = performance.now()
}
