import { readBucket } from './bucket.ts'
import type { Bucket } from './bucket.ts'
import { readProfile, readServers } from './policy.ts'
import type { Policy, PolicyClass, Profile } from './policy.ts'
import type {
  BucketChunk,
  ClassesChunk,
  KeysChunk,
  PersonalTokensChunk,
  PlanesChunk,
  ProfileChunk,
  RevocationsChunk,
  ServersChunk,
  SettingsChunk,
} from './snapshot.ts'

/** The chunks of a snapshot, parsed. */
export interface PolicyChunks {
  revision: number
  root: string
  servers: ServersChunk
  /** The name of the servers chunk. */
  serversChunk: string
  classes: ClassesChunk
  /** By chunk name. */
  profiles: ReadonlyMap<string, ProfileChunk>
  /** By bucket number; undefined for an empty bucket. */
  buckets: readonly (BucketChunk | undefined)[]
  settings: SettingsChunk
  revocations: RevocationsChunk
  keys: KeysChunk
  planes: PlanesChunk
  /** Undefined where the manifest names none. */
  personalTokens?: PersonalTokensChunk | undefined
}

/**
 * Makes a policy from its chunks. Throws when they do not fit
 * together: a class without its profile, or inconsistent columns.
 */
export function readPolicy(chunks: PolicyChunks): Policy {
  const { revision, root, serversChunk, revocations } = chunks
  return {
    revision,
    root,
    serversChunk,
    servers: readServers(chunks.servers),
    classes: readClasses(chunks.classes, chunks.profiles),
    buckets: chunks.buckets.map((chunk): Bucket | undefined => (chunk ? readBucket(chunk) : undefined)),
    settings: chunks.settings.settings,
    revoked: {
      tokens: new Set(revocations.tokens),
      sessions: new Set(revocations.sessions),
      epochs: new Map(Object.entries(revocations.epochs)),
      killed: new Set(revocations.killed),
    },
    keys: chunks.keys,
    planes: chunks.planes.planes,
    personalTokens: new Map(Object.entries(chunks.personalTokens?.personalTokens ?? {})),
    endedPersonalTokens: new Map(Object.entries(chunks.personalTokens?.ended ?? {})),
  }
}

/** Classes with the same profile share one object. */
function readClasses({ classes }: ClassesChunk, profiles: ReadonlyMap<string, ProfileChunk>): Policy['classes'] {
  const profileOf = new Map<string, Profile>([...profiles].map(([name, chunk]) => [name, readProfile(chunk)]))
  return new Map(
    Object.entries(classes).map(([key, { profile: name, groups }]): [string, PolicyClass] => {
      const profile = profileOf.get(name)
      if (!profile) throw new Error(`the profile ${name} of class ${key} is missing`)
      return [key, { profile, groups }]
    }),
  )
}
