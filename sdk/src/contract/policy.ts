import type { Bucket } from './bucket.ts'
import { classKeyAt, handleAt, isDisabled, positionIn, selectionAt } from './bucket.ts'
import type {
  KeysChunk,
  MountedEntry,
  PlanesChunk,
  ProfileChunk,
  RemoteEntry,
  Selection,
  ServerGrants,
  ServersChunk,
  ToolEntry,
} from './snapshot.ts'
import type { Settings } from './settings.ts'
import type { Subject } from './subject.ts'

/** A snapshot read and ready to be asked: what `decide` walks. Immutable; a new revision is a new object sharing what did not change. */
export interface Policy {
  readonly revision: number
  readonly root: string
  readonly servers: ReadonlyMap<string, ServerPolicy>
  readonly classes: ReadonlyMap<string, PolicyClass>
  /** By bucket number; absent = nobody in it. */
  readonly buckets: readonly (Bucket | undefined)[]
  readonly settings: Settings
  readonly revoked: Revoked
  readonly keys: KeysChunk
  readonly planes: PlanesChunk['planes']
  /** Names the servers chunk: what prepared lists are keyed by. */
  readonly serversChunk: string
}

interface Tools {
  readonly tools: ReadonlyMap<string, ToolEntry>
}
export type MountedPolicy = Readonly<Omit<MountedEntry, 'tools'>> & Tools
export type RemotePolicy = Readonly<Omit<RemoteEntry, 'tools'>> & Tools
export type ServerPolicy = MountedPolicy | RemotePolicy

export interface PolicyClass {
  readonly profile: Profile
  readonly groups: readonly string[]
}

export type Profile = ReadonlyMap<string, ServerGrants>

export interface Revoked {
  readonly tokens: ReadonlySet<string>
  readonly sessions: ReadonlySet<string>
  readonly epochs: ReadonlyMap<string, number>
  readonly killed: ReadonlySet<string>
}

/** What a policy knows of one person. */
export interface Person {
  readonly handle: string
  readonly disabled: boolean
  readonly classKey: string
  readonly groups: readonly string[]
  readonly grants: Profile
  readonly selection: ReadonlyMap<string, Selection> | undefined
}

export const readProfile = (chunk: ProfileChunk): Profile => new Map(Object.entries(chunk.servers))

export const readServers = (chunk: ServersChunk): Policy['servers'] =>
  new Map(Object.entries(chunk.servers).map(([id, server]) => [id, { ...server, tools: new Map(Object.entries(server.tools)) }]))

const nothing: Profile = new Map()

/** Undefined for somebody the policy has never heard of. */
export function personOf(policy: Policy, subject: Subject): Person | undefined {
  const bucket = policy.buckets[subject.bucket]
  if (!bucket) return undefined
  const position = positionIn(bucket, subject)
  if (position < 0) return undefined

  return new Found(policy, bucket, position)
}

/** A class, since one is made for every look-up: what few ask for is read only when asked. */
class Found implements Person {
  private readonly bucket: Bucket
  private readonly position: number
  private readonly held: PolicyClass | undefined
  readonly classKey: string

  constructor(policy: Policy, bucket: Bucket, position: number) {
    this.bucket = bucket
    this.position = position
    this.classKey = classKeyAt(bucket, position)
    this.held = policy.classes.get(this.classKey)
  }

  get handle(): string {
    return handleAt(this.bucket, this.position)
  }

  get disabled(): boolean {
    return isDisabled(this.bucket, this.position)
  }

  get groups(): readonly string[] {
    return this.held?.groups ?? []
  }

  get grants(): Profile {
    return this.held?.profile ?? nothing
  }

  get selection(): ReadonlyMap<string, Selection> | undefined {
    return selectionAt(this.bucket, this.position)
  }
}
