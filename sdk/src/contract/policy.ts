import type { Bucket } from './bucket.ts'
import { classKeyAt, handleAt, isDisabled, positionIn, secretAt, selectionAt } from './bucket.ts'
import type {
  EndedPersonalToken,
  KeysChunk,
  MountedEntry,
  PersonalTokenEntry,
  PlanesChunk,
  ProfileChunk,
  RemoteEntry,
  SecretEntry,
  Selection,
  ServerGrants,
  ServersChunk,
  ToolEntry,
} from './snapshot.ts'
import type { Settings } from './settings.ts'
import type { Subject } from './subject.ts'

/**
 * A snapshot in memory, as `decide` reads it. It never changes: a new
 * revision is a new object, which shares unchanged parts with the old one.
 */
export interface Policy {
  readonly revision: number
  /** The root of the manifest: it names the content of the policy. */
  readonly root: string
  /** By server id. */
  readonly servers: ReadonlyMap<string, ServerPolicy>
  /** By class key. */
  readonly classes: ReadonlyMap<string, PolicyClass>
  /** By bucket number; undefined for an empty bucket. */
  readonly buckets: readonly (Bucket | undefined)[]
  readonly settings: Settings
  readonly revoked: Revoked
  readonly keys: KeysChunk
  readonly planes: PlanesChunk['planes']
  /** The personal access tokens that are good, by the SHA-256 of the token in hexadecimal. */
  readonly personalTokens: ReadonlyMap<string, PersonalTokenEntry>
  /** Those that were good, as far as the policy still knows them. */
  readonly endedPersonalTokens: ReadonlyMap<string, EndedPersonalToken>
  /** The name of the servers chunk. Lists that were made from `servers` stay valid while it is the same. */
  readonly serversChunk: string
}

interface Tools {
  readonly tools: ReadonlyMap<string, ToolEntry>
}
/** A mounted server in the policy. */
export type MountedPolicy = Readonly<Omit<MountedEntry, 'tools'>> & Tools
/** A remote server in the policy. */
export type RemotePolicy = Readonly<Omit<RemoteEntry, 'tools'>> & Tools
export type ServerPolicy = MountedPolicy | RemotePolicy

/** People with the same grants. */
export interface PolicyClass {
  readonly profile: Profile
  /** Handles of the groups that have a grant. */
  readonly groups: readonly string[]
}

/** Grants by server id. */
export type Profile = ReadonlyMap<string, ServerGrants>

/** Everything that was revoked before its time (see `RevocationsChunk`). */
export interface Revoked {
  readonly tokens: ReadonlySet<string>
  readonly sessions: ReadonlySet<string>
  readonly epochs: ReadonlyMap<string, number>
  readonly killed: ReadonlySet<string>
}

/** One person in a policy. */
export interface Person {
  readonly id: string
  readonly handle: string
  readonly disabled: boolean
  readonly classKey: string
  readonly groups: readonly string[]
  readonly grants: Profile
  /** What the person has switched off, by server; undefined when it is nothing. */
  readonly selection: ReadonlyMap<string, Selection> | undefined
  /** What the policy says of the secret that the person has of their own for a server. */
  secretOf(server: string): SecretEntry | undefined
}

/** Reads a profile chunk. */
export const readProfile = (chunk: ProfileChunk): Profile => new Map(Object.entries(chunk.servers))

/** Reads the servers chunk. */
export const readServers = (chunk: ServersChunk): Policy['servers'] =>
  new Map(Object.entries(chunk.servers).map(([id, server]) => [id, { ...server, tools: new Map(Object.entries(server.tools)) }]))

const noGrants: Profile = new Map()

/** Looks a person up. Undefined when the policy does not have them. */
export function personOf(policy: Policy, subject: Subject): Person | undefined {
  const bucket = policy.buckets[subject.bucket]
  if (!bucket) return undefined
  const position = positionIn(bucket, subject)
  if (position < 0) return undefined

  return new PersonView(policy, bucket, position, subject.id)
}

/** Reads a person's fields when they are used: one is made for every call, and most calls use few of them. */
class PersonView implements Person {
  private readonly bucket: Bucket
  private readonly position: number
  private readonly policyClass: PolicyClass | undefined
  readonly classKey: string
  readonly id: string

  constructor(policy: Policy, bucket: Bucket, position: number, id: string) {
    this.id = id
    this.bucket = bucket
    this.position = position
    this.classKey = classKeyAt(bucket, position)
    this.policyClass = policy.classes.get(this.classKey)
  }

  get handle(): string {
    return handleAt(this.bucket, this.position)
  }

  get disabled(): boolean {
    return isDisabled(this.bucket, this.position)
  }

  get groups(): readonly string[] {
    return this.policyClass?.groups ?? []
  }

  get grants(): Profile {
    return this.policyClass?.profile ?? noGrants
  }

  get selection(): ReadonlyMap<string, Selection> | undefined {
    return selectionAt(this.bucket, this.position)
  }

  secretOf(server: string): SecretEntry | undefined {
    return secretAt(this.bucket, this.position, server)
  }
}
