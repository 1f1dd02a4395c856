import { z } from 'zod'
import { Level } from './level.ts'
import { Id, Sha256 } from './names.ts'

/** Bodies beyond this many bytes are cut in the record. `argsBytes` and `resultBytes` say the whole size; the digests are of what is kept. */
export const AUDIT_BODY_BYTES = 64 * 1024

export const Outcome = z.enum(['answered', 'refused', 'failed', 'unknown'])
export type Outcome = z.infer<typeof Outcome>

/** call: its end. attempt: a write or destroy about to be tried. boot: a process began. head: the plane signs its chain. refusals: many, summed up. change: an administrator changed something. */
export const RecordKind = z.enum(['call', 'attempt', 'boot', 'head', 'refusals', 'change'])

/**
 * The part of a record that the chain covers. Its bytes are `JSON.stringify` of its keys in the order below; its hash is
 * the SHA-256 of those bytes; `prev` is the hash of the record before it. Bodies lie apart, so they can be erased.
 */
export const AuditHeader = z.strictObject({
  v: z.literal(1),
  kind: RecordKind,
  /** Whose chain: a data plane's id, or the control plane's. */
  plane: Id,
  /** 1, 2, 3 … without a gap. */
  seq: z.int().positive(),
  /** 64 zeros before the first. */
  prev: Sha256,
  /** One a process start. */
  boot: Id,
  atMs: z.int(),
  /** Attempt and call of one request share it. */
  call: Id.optional(),
  subject: z.string().optional(),
  handle: z.string().optional(),
  /** Who acted on the person's behalf, such as `operator:root`. */
  actor: z.string().optional(),
  client: z.string().optional(),
  ip: z.string().optional(),
  userAgent: z.string().optional(),
  tokenId: z.string().optional(),
  endpoint: z.string().optional(),
  era: z.string().optional(),
  method: z.string().optional(),
  server: z.string().optional(),
  tool: z.string().optional(),
  level: Level.optional(),
  outcome: Outcome.optional(),
  /** Why not, from a closed list. */
  reason: z.string().optional(),
  /** Ours to read, never the caller's. */
  detail: z.string().optional(),
  httpStatus: z.int().optional(),
  rpcCode: z.int().optional(),
  revision: z.int().optional(),
  /** The token was issued under a newer policy than this plane held. */
  behind: z.literal(true).optional(),
  durationUs: z.int().optional(),
  argsBytes: z.int().optional(),
  argsDigest: Sha256.optional(),
  resultBytes: z.int().optional(),
  resultDigest: Sha256.optional(),
  traceId: z.string().optional(),
  /** refusals: how many were summed up. */
  count: z.int().optional(),
  /** head: EdDSA over `prev`, base64url. */
  signature: z.string().optional(),
})
export type AuditHeader = z.infer<typeof AuditHeader>

/** A line of the spool, and of what is shipped (NDJSON). `args` and `result` are the bodies as text, absent when there is none or it was erased. */
export const AuditRecord = z.strictObject({
  hash: Sha256,
  header: AuditHeader,
  args: z.string().optional(),
  result: z.string().optional(),
})
export type AuditRecord = z.infer<typeof AuditRecord>

export const FIRST_PREV = '0'.repeat(64)

/** What the control plane answers to a batch: the highest sequence it has stored of this plane. */
export const AuditReceipt = z.strictObject({ stored: z.int() })
export type AuditReceipt = z.infer<typeof AuditReceipt>
