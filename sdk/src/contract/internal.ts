import { z } from 'zod'
import { Id, PlaneName, ServerId, ToolName } from './names.ts'
import { PublicJwk } from './snapshot.ts'

/*
 * What data planes and the control plane say to each other. Either may be of a later version than the other: each
 * leaves out the members that it does not know. A member that the other must not leave out needs a message of its own.
 */

/** `POST /internal/v1/join`: a data plane registers with the secret of its join line (`JOIN_LINE_REFUSED`). */
export const JoinRequest = z.object({
  secret: z.string().min(1),
  name: PlaneName,
  /** Ed25519 (RFC 8037). The plane signs its requests and its audit chain with this key. */
  publicKey: PublicJwk,
  /** X25519 (RFC 8037). Boxes for this plane alone are sealed to this key. */
  sealingKey: PublicJwk,
  /**
   * The address at which other planes will reach this one, where its settings name it. It is checked before a use of
   * the line is spent.
   */
  internalUrl: z.string().max(2048).optional(),
})
export type JoinRequest = z.infer<typeof JoinRequest>

/**
 * The code of a refused join whose line admits no plane: it is unknown, used, expired or void. A plane that read the
 * line from a file reads the file again.
 */
export const JOIN_LINE_REFUSED = 'join_line'

/** The answer to a join. */
export const JoinAnswer = z.looseObject({
  /** The id of the new plane. */
  id: Id,
  /** Ed25519. It verifies manifests. The SHA-256 of its SPKI form is the fingerprint in the join line. */
  manifestKey: PublicJwk,
  /** The OAuth issuer of access tokens. */
  issuer: z.url(),
})
export type JoinAnswer = z.infer<typeof JoinAnswer>

/**
 * `POST /internal/v1/planes`: the address at which other planes reach this one. With the query `OPENS_SEALED`, the
 * plane says that it opens tokens that are sealed to its key. (A query, because earlier control planes ignore it.)
 */
export const PlaneAddress = z.object({ internalUrl: z.string().max(2048) })
export type PlaneAddress = z.infer<typeof PlaneAddress>

export const OPENS_SEALED = 'opens=sealed'

/**
 * unknown: not asked yet. up: the last request was answered.
 * down: the server cannot be reached or refuses the gateway.
 */
export const HealthState = z.enum(['unknown', 'up', 'down'])
/** The protocol era that the server speaks. */
export const HealthEra = z.enum(['legacy', 'modern'])
/** open: the plane does not call the server for a while, because it failed too often. */
export const BreakerState = z.enum(['closed', 'open'])

/** The latest time that a `Date` can hold (ECMA-262, section 21.4.1.1). */
const maxDateMs = 8.64e15

/** The health of a remote server, as one plane reports it. */
export const RemoteHealth = z.object({
  server: ServerId,
  /** The address that the plane called. Reports about another address than the policy's are ignored. */
  url: z.string().max(2048),
  state: HealthState,
  era: HealthEra.optional(),
  breaker: BreakerState,
  /** Milliseconds since 1970, by the plane's clock. */
  lastSuccessAtMs: z.int().min(0).max(maxDateMs).optional(),
  lastErrorAtMs: z.int().min(0).max(maxDateMs).optional(),
  lastError: z.string().max(500).optional(),
  /** Milliseconds that the last answer took. */
  latencyMs: z.number().min(0).optional(),
})
export type RemoteHealth = z.infer<typeof RemoteHealth>

/**
 * The query of a request with health reports: it names the servers that the plane reaches over the HTTP+SSE transport
 * of 2024-11-05, separated by commas. In the reports they are `legacy`. (A query, because earlier control planes ignore
 * it, and refuse an era that they do not know.)
 */
export const OVER_SSE = 'over-sse'

/**
 * `POST /internal/v1/list-faults`: what is wrong with the lists of remote servers, as one plane read them. (A path of
 * its own, because earlier control planes refuse a report of health with members that they do not know.)
 */
export const ListFaults = z.object({
  servers: z
    .array(
      z.object({
        server: ServerId,
        /** The address that the plane asked. Reports about another address than the policy's are ignored. */
        url: z.string().max(2048),
        /** Sentences for administrators. None: nothing is wrong. */
        faults: z.array(z.string().max(500)).max(60),
      }),
    )
    .min(1)
    .max(20),
})
export type ListFaults = z.infer<typeof ListFaults>

/** Every plane reports the health of all its remote servers in this interval, and changes in between. */
export const HEALTH_EVERY_MS = 60_000
/** The most servers in one report. */
export const MAX_HEALTH = 20

/** A plane asks for the policy at least every half minute. One that was not heard of for so long is away. */
export const PLANE_AWAY_AFTER_MS = 60_000

/** A clock that is further off than this judges no token any more. */
export const MAX_CLOCK_OFF_MS = 30_000

/** A plane tells how far its audit is in this interval, and changes in between. */
export const AUDIT_REPORT_EVERY_MS = 30_000

/** How far a plane has written its audit. The control plane compares it with what it has stored. */
export const AuditReport = z.object({
  /** The sequence number of the last record. */
  written: z.int().min(0),
  /** How long the oldest record waits to be stored; 0 when none waits. */
  waitingMs: z.int().min(0),
  /** How many records could not be sent and were set apart. */
  apart: z.int().min(0),
  /** What administrators should know. */
  why: z.string().max(500).optional(),
  /** The plane stops and writes no more. */
  ended: z.boolean().optional(),
  /** How many calls it served since its start by tokens that had expired, while no control plane could renew them. */
  offlineCalls: z.int().min(0).optional(),
})
export type AuditReport = z.infer<typeof AuditReport>

/**
 * `POST /internal/v1/acks`: a revision is enforced, a revision was rejected, the health of remote servers, or how far
 * the audit is.
 */
export const Ack = z.union([
  z.object({ revision: z.int() }),
  z.object({ rejected: z.int(), reasons: z.array(z.string()) }),
  z.object({ health: z.array(RemoteHealth).min(1).max(MAX_HEALTH) }),
  z.object({ audit: AuditReport }),
])
export type Ack = z.infer<typeof Ack>

const ackMembers = ['revision', 'rejected', 'health', 'audit']

/** Whether an ack says nothing that this version knows: then a later one wrote it, and it is left out as a whole. */
export const isForeignAck = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.keys(value).length > 0 && !ackMembers.some((name) => Object.hasOwn(value, name))

/**
 * `POST /internal/v1/sessions/{sid}/end`: somebody used a token of this session to whom it was not issued, and the
 * setting `bindingRevokes` is on. (Earlier control planes answer 404.)
 */
export const SessionMisuse = z.object({ reason: z.enum(['binding-network', 'binding-user-agent']) })
export type SessionMisuse = z.infer<typeof SessionMisuse>

/** `GET /internal/v1/sealing-keys`: a sealed box (`@bir/sdk/seal-box`) that holds a `SealingRing` as JSON. */
export const SealingKeysAnswer = z.looseObject({ box: z.string() })

/** The symmetric keys that all planes share, for sessions, cursors and task ids. */
export const SealingRing = z.object({
  /** Newest first. The first key seals, every key opens. `key` is 32 bytes as base64url. */
  keys: z.array(z.object({ kid: z.string(), key: z.string() })).min(1),
})
export type SealingRing = z.infer<typeof SealingRing>

/**
 * `POST /internal/v1/definitions`: the tools that a remote server
 * offers. The control plane decides which of them are served.
 */
export const DefinitionsReport = z.object({
  server: ServerId,
  /** The address that the plane asked. A report from an address that is no longer in the policy is ignored. */
  url: z.string().max(8192).optional(),
  tools: z.array(z.object({ name: ToolName, definition: z.record(z.string(), z.unknown()) })).max(2000),
})
export type DefinitionsReport = z.infer<typeof DefinitionsReport>
