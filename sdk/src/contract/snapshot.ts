import { z } from 'zod'
import { Level } from './level.ts'
import { Handle, Id, ServerId, Sha256, ToolName } from './names.ts'
import { RemoteSettings } from './remote.ts'
import { Settings } from './settings.ts'
import { TableRules } from './tables.ts'

/*
 * The policy as it travels from the control plane to the data planes. A snapshot consists of chunks and one signed
 * manifest, which names them. A chunk is canonical JSON (see canonical.ts). Its name is the SHA-256 of its bytes, so
 * a chunk never changes and data planes fetch only new ones. No chunk holds a secret.
 */

/** The number of buckets that people are spread over: by the last 12 bits of their id. */
export const BUCKETS = 4096
/** The number of bucket names in one index chunk. */
export const BUCKETS_PER_INDEX = 64

/** One grant, as it counts for one tier of a server. A tier can have several; each expires by itself. */
export const Alternative = z.object({
  level: Level,
  /** Only these tools; absent means every tool that the level covers. */
  allow: z.array(ToolName).optional(),
  /** Never these tools, even when another alternative of the tier opens them. */
  deny: z.array(ToolName).optional(),
  /** Milliseconds since 1970. From this moment on the alternative does not count. */
  expiresAtMs: z.int().optional(),
})
export type Alternative = z.infer<typeof Alternative>

/** The tiers of grants in their order. The first tier with an unexpired alternative decides. */
export const TIERS = ['user', 'groups', 'everyone'] as const
export type Tier = (typeof TIERS)[number]

/** Everything that the people of a class hold on one server. */
export const ServerGrants = z.object({
  user: z.array(Alternative).optional(),
  groups: z.array(Alternative).optional(),
  everyone: z.array(Alternative).optional(),
  /** For SQL servers: what may be read, by connection. */
  connections: z.record(z.string(), TableRules).optional(),
})
export type ServerGrants = z.infer<typeof ServerGrants>

/** Everything that the people of a class hold, by server. */
export const ProfileChunk = z.object({ servers: z.record(ServerId, ServerGrants) })
export type ProfileChunk = z.infer<typeof ProfileChunk>

/**
 * The key of a class: people with the same holders share one. It is the first 8 bytes, in hex, of the SHA-256 of the
 * sorted ids of their holders (person, groups, everyone) that have grants or restrictions.
 */
export const ClassKey = z.string().regex(/^[0-9a-f]{16}$/)

/** All classes: the profile, and the handles of the groups that it comes from. */
export const ClassesChunk = z.object({
  classes: z.record(ClassKey, z.object({ profile: Sha256, groups: z.array(Handle) })),
})
export type ClassesChunk = z.infer<typeof ClassesChunk>

/** What a person has switched off for themselves on a server: a lower level, or single tools. */
export const Selection = z.object({ level: Level.optional(), off: z.array(ToolName).optional() })
export type Selection = z.infer<typeof Selection>

/** The people of one bucket in columns, sorted by id. A position in one column is the same person in all. */
export const BucketChunk = z.object({
  /** base64 of 16 bytes per person: the id. */
  ids: z.string(),
  /** One line per person. */
  handles: z.string(),
  /** The classes that occur in this bucket. */
  classes: z.array(ClassKey),
  /** base64 of one little-endian uint16 per person: the index into `classes`. */
  classOf: z.string(),
  /** base64 of one byte per person: `DISABLED_FLAG` or 0. */
  flags: z.string(),
  /** By the person's position, then by server. */
  selections: z.record(z.string().regex(/^\d+$/), z.record(ServerId, Selection)).optional(),
  /** The servers for which somebody in this bucket has a secret of their own. */
  secretServers: z.array(ServerId).optional(),
  /**
   * base64 of four little-endian uint32 per secret, sorted by the first two: the person's position; the index into
   * `secretServers`, with the state (`SECRET_USABLE` …) shifted left by 16 bits, and the level (its index in
   * `Level.options`, or 0 for every level) by 24; the version; when it expires, in seconds since 1970, or 0 for never.
   */
  secrets: z.string().optional(),
})
export type BucketChunk = z.infer<typeof BucketChunk>

/** Set in `flags` for a person who is disabled. */
export const DISABLED_FLAG = 1

/** The names of 64 bucket chunks; null for an empty bucket. */
export const IndexChunk = z.object({ buckets: z.array(Sha256.nullable()).length(BUCKETS_PER_INDEX) })
export type IndexChunk = z.infer<typeof IndexChunk>

/** A tool in the policy. */
export const ToolEntry = z.object({
  /** The level that a call needs. */
  level: Level,
  /** True when an administrator set the level. Only then can it be lower than the level in a mounted server's code. */
  labelled: z.literal(true).optional(),
  /** True when nobody may see or call the tool. */
  hidden: z.literal(true).optional(),
  /**
   * Of a remote tool: the SHA-256 of the canonical JSON of its approved definition. Only that definition is served.
   */
  definition: Sha256.optional(),
})
export type ToolEntry = z.infer<typeof ToolEntry>

/**
 * What the policy says of a secret's state, as a number: the state of a column. A number that a reader does not know
 * is not usable.
 */
export const SECRET_USABLE = 0
export const SECRET_UNUSABLE = ['expired', 'invalid', 'insufficient_scope', 'wrong_person', 'moved'] as const

/** A secret that lies in a store, as far as planes must know it: never its value. */
export const SecretEntry = z.object({
  /** Rises with every value that is saved. */
  version: z.int().positive(),
  /** `SECRET_USABLE`, or 1 + the index into `SECRET_UNUSABLE`. */
  state: z.int(),
  /** The highest level of tools that it covers; absent = every level. */
  level: Level.optional(),
  /** Milliseconds since 1970. From this moment on it is not usable. */
  expiresAtMs: z.int().optional(),
})
export type SecretEntry = z.infer<typeof SecretEntry>

/** The secrets of a server, but those of people, which are in their buckets. */
export const ServerSecret = z.object({
  /** Present: people need a secret for this server. Whose it may be: the first that there is counts. */
  order: z.array(z.string()).optional(),
  shared: SecretEntry.optional(),
  /** By the handle of the group. */
  groups: z.record(Handle, SecretEntry.extend({ id: Id })).optional(),
})
export type ServerSecret = z.infer<typeof ServerSecret>

/** A server that runs inside the gateway. */
export const MountedEntry = z.object({
  kind: z.literal('mounted'),
  title: z.string(),
  settings: z.record(z.string(), z.unknown()),
  tools: z.record(ToolName, ToolEntry),
  secret: ServerSecret.optional(),
})
export type MountedEntry = z.infer<typeof MountedEntry>

/** A server that the gateway reaches over HTTP. */
export const RemoteEntry = z.object({
  kind: z.literal('remote'),
  title: z.string(),
  remote: RemoteSettings,
  /** The tools that are served, according to the server's `trust` setting. */
  tools: z.record(ToolName, ToolEntry),
  secret: ServerSecret.optional(),
})
export type RemoteEntry = z.infer<typeof RemoteEntry>

/** A server in the policy. */
export const ServerEntry = z.discriminatedUnion('kind', [MountedEntry, RemoteEntry])
export type ServerEntry = z.infer<typeof ServerEntry>

/** All servers, by id. */
export const ServersChunk = z.object({ servers: z.record(ServerId, ServerEntry) })
export type ServersChunk = z.infer<typeof ServersChunk>

/** The settings. */
export const SettingsChunk = z.object({ settings: Settings })
export type SettingsChunk = z.infer<typeof SettingsChunk>

/** Everything that is void before it expires. */
export const RevocationsChunk = z.object({
  /** Ids of tokens (claim `jti`, RFC 7519). */
  tokens: z.array(z.string()),
  /** Ids of sessions (claim `sid`); all their tokens are void. */
  sessions: z.array(z.string()),
  /** By person: tokens with an earlier `iat` (seconds since 1970) are void. */
  epochs: z.record(Id, z.int()),
  /** Servers whose kill switch is set. */
  killed: z.array(ServerId),
})
export type RevocationsChunk = z.infer<typeof RevocationsChunk>

/** A public key as a JWK (RFC 7517). Other members are kept. */
export const PublicJwk = z.looseObject({ kty: z.string(), kid: z.string(), alg: z.string() })
export type PublicJwk = z.infer<typeof PublicJwk>

/** The issuer of access tokens, and the keys that verify them. */
export const KeysChunk = z.object({
  /** The claim `iss` of access tokens. */
  issuer: z.url(),
  tokenKeys: z.array(PublicJwk),
})
export type KeysChunk = z.infer<typeof KeysChunk>

/**
 * The key of a data plane (Ed25519), which verifies its requests. `sealingKey` (X25519) is present when the plane
 * opens what others seal to it. It is a member of the JWK, because planes of earlier versions refuse a roster with
 * members that they do not know, but ignore those of a JWK (RFC 7517, section 4).
 */
export const PlaneKey = PublicJwk.extend({ sealingKey: z.looseObject({ kty: z.string(), crv: z.string(), x: z.string() }).optional() })

/** The data planes. `internalUrl` is where the other planes reach one. */
export const PlanesChunk = z.object({
  planes: z.array(z.object({ id: Id, name: z.string(), publicKey: PlaneKey, internalUrl: z.url().optional() })),
})
export type PlanesChunk = z.infer<typeof PlanesChunk>

/** A personal access token. Its holder proves to be the person by the token itself, of which only the hash is kept. */
export const PersonalTokenEntry = z.object({
  /** What audit records call the token (`tokenId`). */
  id: Id,
  /** The person's id. */
  subject: Id,
  /** Good for these servers alone, each at its own address; absent = for every server, also at `/mcp`. */
  servers: z.array(ServerId).optional(),
  /** Good from these networks alone (CIDR notation, RFC 4632 and RFC 4291 section 2.3); absent = from any. */
  networks: z.array(z.string()).optional(),
  /** Seconds since 1970. From this moment on it is void. */
  expiresAtS: z.int(),
})
export type PersonalTokenEntry = z.infer<typeof PersonalTokenEntry>

/** A personal access token that is good no more. */
export const EndedPersonalToken = z.object({
  id: Id,
  /** The person's id. */
  subject: Id,
  /** Seconds since 1970: when it expires, or would have. */
  expiresAtS: z.int(),
  /** Present when it was revoked, or voided because its person was disabled; absent when it only expired. */
  revoked: z.literal(true).optional(),
})
export type EndedPersonalToken = z.infer<typeof EndedPersonalToken>

/**
 * How many ended tokens a snapshot names: of the last 30 days, the newest of each person, 20 a person at most. A plane
 * reads them in one turn, and anew whenever a token is made or ends.
 */
export const MAX_ENDED_PERSONAL_TOKENS = 300

/** The personal access tokens, by the SHA-256 of the token in hexadecimal. */
export const PersonalTokensChunk = z.object({
  /** Those that are good. Revoked ones, and those of people who are disabled, are left out. */
  personalTokens: z.record(Sha256, PersonalTokenEntry),
  /** Those that were, so that a refusal can say what became of one, and the audit whose it was. They open nothing. */
  ended: z.record(Sha256, EndedPersonalToken).optional(),
})
export type PersonalTokensChunk = z.infer<typeof PersonalTokensChunk>

/** The names of all chunks of a snapshot. Profiles are named in the classes chunk, buckets in the index chunks. */
export const ChunkNames = z.object({
  servers: Sha256,
  classes: Sha256,
  settings: Sha256,
  revocations: Sha256,
  keys: Sha256,
  planes: Sha256,
  /** Absent while there is no personal access token. */
  personalTokens: Sha256.optional(),
  /** 64 index chunks; each names 64 buckets. */
  principals: z.array(Sha256).length(BUCKETS / BUCKETS_PER_INDEX),
})
export type ChunkNames = z.infer<typeof ChunkNames>

/**
 * The payload of the manifest, a compact JWS (RFC 7515; EdDSA, `typ: bir-manifest+jwt`). A revision never goes back.
 */
export const Manifest = z.object({
  format: z.literal(1),
  revision: z.int().positive(),
  /** The SHA-256 of the canonical JSON of `chunks`. Equal policies have equal roots. */
  root: Sha256,
  /** When it was signed, in milliseconds since 1970. */
  atMs: z.int(),
  chunks: ChunkNames,
})
export type Manifest = z.infer<typeof Manifest>

/**
 * The payload of the answer when there is no newer revision (JWS,
 * `typ: bir-fresh+jwt`). The age of a policy counts from the newest `atMs`.
 */
export const Fresh = z.object({ revision: z.int(), atMs: z.int() })
export type Fresh = z.infer<typeof Fresh>

/**
 * The answer of `GET /internal/v1/snapshot`: a new manifest,
 * or the statement that there is none. Both are a compact JWS.
 */
export const SnapshotAnswer = z.union([z.object({ manifest: z.string() }), z.object({ fresh: z.string() })])
export type SnapshotAnswer = z.infer<typeof SnapshotAnswer>
