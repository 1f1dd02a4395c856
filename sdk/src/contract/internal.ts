import { z } from 'zod'
import { Id, ServerId, ToolName } from './names.ts'
import { PublicJwk } from './snapshot.ts'

/** What passes between a data plane and the control plane under `/internal/v1`, beside the snapshot and the audit. */

export const JoinRequest = z.strictObject({
  secret: z.string().min(1),
  name: z.string().min(1).max(100),
  /** Ed25519: signs the plane's requests and its audit chain. */
  publicKey: PublicJwk,
  /** X25519: what is sealed for this plane alone is sealed to it. */
  sealingKey: PublicJwk,
})
export type JoinRequest = z.infer<typeof JoinRequest>

export const JoinAnswer = z.looseObject({
  id: Id,
  /** Ed25519: signs manifests. Its SPKI's SHA-256 is the fingerprint the plane was given. */
  manifestKey: PublicJwk,
  issuer: z.url(),
})
export type JoinAnswer = z.infer<typeof JoinAnswer>

/** `POST /internal/v1/planes`: where other planes reach this one. */
export const PlaneAddress = z.strictObject({ internalUrl: z.url() })
export type PlaneAddress = z.infer<typeof PlaneAddress>

export const HealthState = z.enum(['unknown', 'up', 'down'])
export const HealthEra = z.enum(['legacy', 'modern'])
export const BreakerState = z.enum(['closed', 'open'])

/** What a date can hold. */
const latestMs = 8.64e15

/** A remote server as one plane last found it. */
export const RemoteHealth = z.strictObject({
  server: ServerId,
  /** The address it was found at. */
  url: z.string().max(2048),
  state: HealthState,
  era: HealthEra.optional(),
  breaker: BreakerState,
  /** Milliseconds since 1970, by the plane's clock. */
  lastSuccessAtMs: z.int().min(0).max(latestMs).optional(),
  lastErrorAtMs: z.int().min(0).max(latestMs).optional(),
  lastError: z.string().max(500).optional(),
  latencyMs: z.number().min(0).optional(),
})
export type RemoteHealth = z.infer<typeof RemoteHealth>

/** Every plane tells how all its remote servers are at least so often; in between, what changed. */
export const HEALTH_EVERY_MS = 60_000
export const MAX_HEALTH = 20

/** `POST /internal/v1/acks`: what became of a revision, or how remote servers are. */
export const Ack = z.union([
  z.strictObject({ revision: z.int() }),
  z.strictObject({ rejected: z.int(), reasons: z.array(z.string()) }),
  z.strictObject({ health: z.array(RemoteHealth).min(1).max(MAX_HEALTH) }),
])
export type Ack = z.infer<typeof Ack>

/** A box (sdk/seal-box) that holds a `SealingRing`. */
export const SealingKeysAnswer = z.looseObject({ box: z.string() })

export const SealingRing = z.strictObject({
  /** Newest first; the first seals, all open. `key` is 32 bytes as base64url. */
  keys: z.array(z.strictObject({ kid: z.string(), key: z.string() })).min(1),
})
export type SealingRing = z.infer<typeof SealingRing>

/** `POST /internal/v1/definitions`: what a plane found a remote server to offer. The control plane decides what of it is served. */
export const DefinitionsReport = z.strictObject({
  server: ServerId,
  /** The address it was found at: what an address no longer in the policy offers is passed over. */
  url: z.string().max(8192).optional(),
  tools: z.array(z.strictObject({ name: ToolName, definition: z.record(z.string(), z.unknown()) })).max(2000),
})
export type DefinitionsReport = z.infer<typeof DefinitionsReport>
