import { readBucket } from '@bir/sdk/contract/bucket'
import type { Bucket } from '@bir/sdk/contract/bucket'
import { readProfile, readServers } from '@bir/sdk/contract/policy'
import type { Policy, PolicyClass, Profile } from '@bir/sdk/contract/policy'
import {
  BucketChunk,
  BUCKETS_PER_INDEX,
  KeysChunk,
  PersonalTokensChunk,
  PlanesChunk,
  ProfileChunk,
  RevocationsChunk,
  ServersChunk,
  SettingsChunk,
} from '@bir/sdk/contract/snapshot'
import type { Manifest } from '@bir/sdk/contract/snapshot'
import { readChunk } from './chunks.ts'
import type { GatheredChunks, Indexes } from './chunks.ts'
import type { TimeSlice } from '../../runtime/time-slice.ts'

/**
 * What was parsed for the policy in force, by chunk name. A chunk never changes under its name, so a new revision
 * parses only the chunks that it does not share with the last.
 */
export interface Parsed {
  readonly profiles: Map<string, Profile>
  readonly indexes: Indexes
  readonly buckets: Map<string, Bucket>
  /** One string per class key, which all buckets share to save memory. */
  readonly classKeys: Map<string, string>
  readonly servers: { name: string; value: Policy['servers'] } | undefined
  readonly personalTokens: { name: string | undefined } & Pick<Policy, 'personalTokens' | 'endedPersonalTokens'>
}

export const nothingParsed = (): Parsed => ({
  profiles: new Map(),
  indexes: new Map(),
  buckets: new Map(),
  classKeys: new Map(),
  servers: undefined,
  personalTokens: { name: undefined, personalTokens: new Map(), endedPersonalTokens: new Map() },
})

/**
 * Parses a manifest's chunks into a policy. Yields every few milliseconds, so that calls are answered meanwhile.
 * The returned `parsed` holds only what this policy uses.
 */
export async function assemble(
  manifest: Manifest,
  { bytes, classes, indexes }: GatheredChunks,
  previous: Parsed,
  slice: TimeSlice,
): Promise<{ policy: Policy; parsed: Parsed }> {
  const { chunks } = manifest
  const servers =
    previous.servers?.name === chunks.servers
      ? previous.servers
      : { name: chunks.servers, value: readServers(readChunk('servers', bytes, chunks.servers, ServersChunk)) }
  const personalTokens = personalTokensOf(chunks.personalTokens, bytes, previous)
  const parsed: Parsed = { ...nothingParsed(), indexes, servers, personalTokens }

  const policyClasses = new Map<string, PolicyClass>()
  for (const [name, { profile: profileName, groups }] of Object.entries(classes)) {
    const parsedProfile = previous.profiles.get(profileName) ?? parsed.profiles.get(profileName)
    const profile = parsedProfile ?? readProfile(readChunk('profile', bytes, profileName, ProfileChunk))
    const key = previous.classKeys.get(name) ?? name
    parsed.profiles.set(profileName, profile)
    parsed.classKeys.set(key, key)
    policyClasses.set(key, { profile, groups })
    await slice.yieldIfSpent()
  }

  const sharedKey = (key: string) => parsed.classKeys.get(key) ?? key
  const buckets: (Bucket | undefined)[] = []
  for (const [indexAt, name] of chunks.principals.entries()) {
    for (const [offset, bucketName] of (indexes.get(name)?.buckets ?? []).entries()) {
      if (bucketName === null) continue
      const parsedBucket = previous.buckets.get(bucketName) ?? parsed.buckets.get(bucketName)
      const bucket = parsedBucket ?? readBucket(readChunk('bucket', bytes, bucketName, BucketChunk), sharedKey)
      parsed.buckets.set(bucketName, bucket)
      buckets[indexAt * BUCKETS_PER_INDEX + offset] = bucket
      if (!parsedBucket) await slice.yieldIfSpent()
    }
    await slice.yieldIfSpent()
  }

  const { tokens, sessions, epochs, killed } = readChunk('revocations', bytes, chunks.revocations, RevocationsChunk)
  const policy: Policy = {
    revision: manifest.revision,
    root: manifest.root,
    servers: servers.value,
    serversChunk: chunks.servers,
    classes: policyClasses,
    buckets,
    settings: readChunk('settings', bytes, chunks.settings, SettingsChunk).settings,
    revoked: { tokens: new Set(tokens), sessions: new Set(sessions), epochs: new Map(Object.entries(epochs)), killed: new Set(killed) },
    keys: readChunk('keys', bytes, chunks.keys, KeysChunk),
    planes: readChunk('planes', bytes, chunks.planes, PlanesChunk).planes,
    personalTokens: personalTokens.personalTokens,
    endedPersonalTokens: personalTokens.endedPersonalTokens,
  }
  await slice.yieldIfSpent()
  return { policy, parsed }
}

/** A control plane of an earlier version names no such chunk, and neither does one that knows no such token. */
function personalTokensOf(name: string | undefined, bytes: GatheredChunks['bytes'], { personalTokens }: Parsed): Parsed['personalTokens'] {
  if (name === personalTokens.name) return personalTokens
  if (name === undefined) return nothingParsed().personalTokens
  const chunk = readChunk('personalTokens', bytes, name, PersonalTokensChunk)
  return {
    name,
    personalTokens: new Map(Object.entries(chunk.personalTokens)),
    endedPersonalTokens: new Map(Object.entries(chunk.ended ?? {})),
  }
}
