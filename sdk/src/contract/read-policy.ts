import { readBucket } from './bucket.ts'
import type { Bucket } from './bucket.ts'
import { readProfile, readServers } from './policy.ts'
import type { Policy, PolicyClass, Profile } from './policy.ts'
import type {
  BucketChunk,
  ClassesChunk,
  KeysChunk,
  PlanesChunk,
  ProfileChunk,
  RevocationsChunk,
  ServersChunk,
  SettingsChunk,
} from './snapshot.ts'

/** Everything a policy is read from, in memory. */
export interface PolicyChunks {
  revision: number
  root: string
  servers: ServersChunk
  /** Names the servers chunk. */
  serversChunk: string
  classes: ClassesChunk
  /** By name. */
  profiles: ReadonlyMap<string, ProfileChunk>
  /** By number; absent = nobody in it. */
  buckets: readonly (BucketChunk | undefined)[]
  settings: SettingsChunk
  revocations: RevocationsChunk
  keys: KeysChunk
  planes: PlanesChunk
}

/** Chunks in, a policy to ask out. Throws when they do not fit together. */
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
  }
}

/** Classes that share a profile share the object. */
function readClasses({ classes }: ClassesChunk, profiles: ReadonlyMap<string, ProfileChunk>): Policy['classes'] {
  const read = new Map<string, Profile>([...profiles].map(([name, chunk]) => [name, readProfile(chunk)]))
  return new Map(
    Object.entries(classes).map(([key, { profile: name, groups }]): [string, PolicyClass] => {
      const profile = read.get(name)
      if (!profile) throw new Error(`the profile ${name} of class ${key} is missing`)
      return [key, { profile, groups }]
    }),
  )
}
