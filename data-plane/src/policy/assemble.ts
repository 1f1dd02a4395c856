import { readBucket } from '@bir/sdk/contract/bucket'
import type { Bucket } from '@bir/sdk/contract/bucket'
import { readProfile, readServers } from '@bir/sdk/contract/policy'
import type { Policy, PolicyClass, Profile } from '@bir/sdk/contract/policy'
import {
  BucketChunk,
  BUCKETS_PER_INDEX,
  KeysChunk,
  PlanesChunk,
  ProfileChunk,
  RevocationsChunk,
  ServersChunk,
  SettingsChunk,
} from '@bir/sdk/contract/snapshot'
import type { Manifest } from '@bir/sdk/contract/snapshot'
import { readChunk } from './chunks.ts'
import type { Gathered, Indexes } from './chunks.ts'
import type { TimeSlice } from '../runtime/time-slice.ts'

/** What was read before, by name: chunks never change, so what a new revision shares with the last is not read again. */
export interface Parsed {
  readonly profiles: Map<string, Profile>
  readonly indexes: Indexes
  readonly buckets: Map<string, Bucket>
  /** The one string of each class key, which every bucket shares. */
  readonly classKeys: Map<string, string>
  readonly servers: { name: string; value: Policy['servers'] } | undefined
}

export const nothingParsed = (): Parsed => ({
  profiles: new Map(),
  indexes: new Map(),
  buckets: new Map(),
  classKeys: new Map(),
  servers: undefined,
})

/** Reads a manifest's chunks into a policy, giving way to calls every few milliseconds. The returned `parsed` holds just what this policy uses. */
export async function assemble(
  manifest: Manifest,
  { bytes, classes, indexes }: Gathered,
  before: Parsed,
  turn: TimeSlice,
): Promise<{ policy: Policy; parsed: Parsed }> {
  const { chunks } = manifest
  const servers =
    before.servers?.name === chunks.servers
      ? before.servers
      : { name: chunks.servers, value: readServers(readChunk(bytes, chunks.servers, ServersChunk)) }
  const parsed: Parsed = { ...nothingParsed(), indexes, servers }

  const held = new Map<string, PolicyClass>()
  for (const [name, { profile, groups }] of Object.entries(classes)) {
    const known = before.profiles.get(profile) ?? parsed.profiles.get(profile) ?? readProfile(readChunk(bytes, profile, ProfileChunk))
    const key = before.classKeys.get(name) ?? name
    parsed.profiles.set(profile, known)
    parsed.classKeys.set(key, key)
    held.set(key, { profile: known, groups })
    await turn.yieldIfSpent()
  }

  const share = (key: string) => parsed.classKeys.get(key) ?? key
  const buckets: (Bucket | undefined)[] = []
  for (const [at, name] of chunks.principals.entries()) {
    for (const [offset, bucketName] of (indexes.get(name)?.buckets ?? []).entries()) {
      if (bucketName === null) continue
      const known = before.buckets.get(bucketName) ?? parsed.buckets.get(bucketName)
      const bucket = known ?? readBucket(readChunk(bytes, bucketName, BucketChunk), share)
      parsed.buckets.set(bucketName, bucket)
      buckets[at * BUCKETS_PER_INDEX + offset] = bucket
      if (!known) await turn.yieldIfSpent()
    }
    await turn.yieldIfSpent()
  }

  const { tokens, sessions, epochs, killed } = readChunk(bytes, chunks.revocations, RevocationsChunk)
  const policy: Policy = {
    revision: manifest.revision,
    root: manifest.root,
    servers: servers.value,
    serversChunk: chunks.servers,
    classes: held,
    buckets,
    settings: readChunk(bytes, chunks.settings, SettingsChunk).settings,
    revoked: { tokens: new Set(tokens), sessions: new Set(sessions), epochs: new Map(Object.entries(epochs)), killed: new Set(killed) },
    keys: readChunk(bytes, chunks.keys, KeysChunk),
    planes: readChunk(bytes, chunks.planes, PlanesChunk).planes,
  }
  await turn.yieldIfSpent()
  return { policy, parsed }
}
