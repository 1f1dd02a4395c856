import { z } from 'zod'
import { Level } from './level.ts'
import { Handle, Id, ServerId, Sha256, ToolName } from './names.ts'
import { RemoteSettings } from './remote.ts'
import { Settings } from './settings.ts'
import { TableRules } from './tables.ts'

/** The policy as it travels: immutable chunks named by the SHA-256 of their bytes, under one signed manifest. Never a secret. */

export const BUCKETS = 4096
export const BUCKETS_PER_INDEX = 64

/** One way of being allowed. A tier holds several; each expires by itself. */
export const Alternative = z.strictObject({
  level: Level,
  /** Only these tools; absent = all the level covers. */
  allow: z.array(ToolName).optional(),
  /** Never these, whatever another alternative of the tier says. */
  deny: z.array(ToolName).optional(),
  /** Milliseconds since 1970. */
  expiresAtMs: z.int().optional(),
})
export type Alternative = z.infer<typeof Alternative>

/** The first tier with an unexpired alternative decides. */
export const TIERS = ['user', 'groups', 'everyone'] as const
export type Tier = (typeof TIERS)[number]

export const ServerGrants = z.strictObject({
  user: z.array(Alternative).optional(),
  groups: z.array(Alternative).optional(),
  everyone: z.array(Alternative).optional(),
  /** SQL only: what may be read over each connection. */
  connections: z.record(z.string(), TableRules).optional(),
})
export type ServerGrants = z.infer<typeof ServerGrants>

/** Everything people of one class hold, by server. */
export const ProfileChunk = z.strictObject({ servers: z.record(ServerId, ServerGrants) })
export type ProfileChunk = z.infer<typeof ProfileChunk>

/** People who hold the same share a class: the first 8 bytes, in hex, of the SHA-256 of the sorted ids of the holders that have something. */
export const ClassKey = z.string().regex(/^[0-9a-f]{16}$/)

export const ClassesChunk = z.strictObject({
  classes: z.record(ClassKey, z.strictObject({ profile: Sha256, groups: z.array(Handle) })),
})
export type ClassesChunk = z.infer<typeof ClassesChunk>

/** What a person gave up of their own will, per server. */
export const Selection = z.strictObject({ level: Level.optional(), off: z.array(ToolName).optional() })
export type Selection = z.infer<typeof Selection>

/** People of one bucket in columns, sorted by id. */
export const BucketChunk = z.strictObject({
  /** base64 of 16 raw bytes a person. */
  ids: z.string(),
  /** One line a person. */
  handles: z.string(),
  classes: z.array(ClassKey),
  /** base64 of one little-endian uint16 a person: the index into `classes`. */
  classOf: z.string(),
  /** base64 of one byte a person: 1 = disabled. */
  flags: z.string(),
  /** By the person's position. */
  selections: z.record(z.string().regex(/^\d+$/), z.record(ServerId, Selection)).optional(),
})
export type BucketChunk = z.infer<typeof BucketChunk>

export const DISABLED_FLAG = 1

/** 64 bucket names; null = nobody in it. */
export const IndexChunk = z.strictObject({ buckets: z.array(Sha256.nullable()).length(BUCKETS_PER_INDEX) })
export type IndexChunk = z.infer<typeof IndexChunk>

export const ToolEntry = z.strictObject({
  level: Level,
  /** An administrator's label: it alone may put the level below the plane's own code. */
  labelled: z.literal(true).optional(),
  /** Listed for no one, callable by no one. */
  hidden: z.literal(true).optional(),
  /** Remote tools: the SHA-256 of the canonical JSON of the approved definition, which is the one that is served. */
  definition: Sha256.optional(),
})
export type ToolEntry = z.infer<typeof ToolEntry>

export const MountedEntry = z.strictObject({
  kind: z.literal('mounted'),
  title: z.string(),
  settings: z.record(z.string(), z.unknown()),
  tools: z.record(ToolName, ToolEntry),
})
export type MountedEntry = z.infer<typeof MountedEntry>

export const RemoteEntry = z.strictObject({
  kind: z.literal('remote'),
  title: z.string(),
  remote: RemoteSettings,
  /** Those that were approved, as the administrator's policy of trust has it. */
  tools: z.record(ToolName, ToolEntry),
})
export type RemoteEntry = z.infer<typeof RemoteEntry>

export const ServerEntry = z.discriminatedUnion('kind', [MountedEntry, RemoteEntry])
export type ServerEntry = z.infer<typeof ServerEntry>

export const ServersChunk = z.strictObject({ servers: z.record(ServerId, ServerEntry) })
export type ServersChunk = z.infer<typeof ServersChunk>

export const SettingsChunk = z.strictObject({ settings: Settings })
export type SettingsChunk = z.infer<typeof SettingsChunk>

export const RevocationsChunk = z.strictObject({
  /** Token ids (jti) that are void before their time. */
  tokens: z.array(z.string()),
  /** Session ids (sid) whose tokens are void. */
  sessions: z.array(z.string()),
  /** Per person: tokens issued before this many seconds since 1970 are void. */
  epochs: z.record(Id, z.int()),
  /** Servers switched off for everyone, at once. */
  killed: z.array(ServerId),
})
export type RevocationsChunk = z.infer<typeof RevocationsChunk>

/** A public key as a JWK (RFC 7517). */
export const PublicJwk = z.looseObject({ kty: z.string(), kid: z.string(), alg: z.string() })
export type PublicJwk = z.infer<typeof PublicJwk>

export const KeysChunk = z.strictObject({
  /** Who signs access tokens: their `iss`. */
  issuer: z.url(),
  tokenKeys: z.array(PublicJwk),
})
export type KeysChunk = z.infer<typeof KeysChunk>

export const PlanesChunk = z.strictObject({
  planes: z.array(z.strictObject({ id: Id, name: z.string(), publicKey: PublicJwk, internalUrl: z.url().optional() })),
})
export type PlanesChunk = z.infer<typeof PlanesChunk>

export const ChunkNames = z.strictObject({
  servers: Sha256,
  classes: Sha256,
  settings: Sha256,
  revocations: Sha256,
  keys: Sha256,
  planes: Sha256,
  /** 64 index chunks, each naming 64 buckets. */
  principals: z.array(Sha256).length(BUCKETS / BUCKETS_PER_INDEX),
})
export type ChunkNames = z.infer<typeof ChunkNames>

/** The payload of the manifest's JWS (EdDSA, `typ: bir-manifest+jwt`). Revisions only rise. */
export const Manifest = z.strictObject({
  format: z.literal(1),
  revision: z.int().positive(),
  /** SHA-256 of the canonical JSON of `chunks`: the same rows give the same root. */
  root: Sha256,
  atMs: z.int(),
  chunks: ChunkNames,
})
export type Manifest = z.infer<typeof Manifest>

/** What a long-poll answers when nothing is newer (JWS, `typ: bir-fresh+jwt`): staleness counts from the newest `atMs`. */
export const Fresh = z.strictObject({ revision: z.int(), atMs: z.int() })
export type Fresh = z.infer<typeof Fresh>

/** What `GET /internal/v1/snapshot` answers: one of the two, a compact JWS each. */
export const SnapshotAnswer = z.union([z.strictObject({ manifest: z.string() }), z.strictObject({ fresh: z.string() })])
export type SnapshotAnswer = z.infer<typeof SnapshotAnswer>
