import { z } from 'zod'
import { Level } from './level.ts'
import { Id, Sha256 } from './names.ts'

/**
 * The longest body that a record keeps, in bytes; longer ones are cut. `argsBytes` and `resultBytes` are the whole
 * size, the digests are of the stored part.
 */
export const AUDIT_BODY_BYTES = 64 * 1024

/**
 * How a call ended. answered: the caller got a result. refused: the gateway did not let it through. failed: it went
 * wrong. unknown: nobody knows what it did: the process ended while the call was open, or the gateway stopped it then.
 */
export const Outcome = z.enum(['answered', 'refused', 'failed', 'unknown'])
export type Outcome = z.infer<typeof Outcome>

/**
 * - call: the end of a call.
 * - attempt: a call with level write or destroy is about to be made.
 * - boot: a process started.
 * - head: the plane signs its chain up to here.
 * - refusals: several refused calls, summed up.
 * - change: an administrator changed the policy.
 */
export const RecordKind = z.enum(['call', 'attempt', 'boot', 'head', 'refusals', 'change'])

/**
 * The newest version of the header that this software reads. Version 1 has the members below and no others. Version 2
 * may have more, at the end: a reader keeps those that it does not know, and the hash covers them. Writers write 1 as
 * long as a header has only members of version 1, so that a control plane that knows no other version takes it. A
 * member that is added goes to the end of the list below, and a header that has it says 2. A new kind or outcome makes
 * version 3.
 */
export const AUDIT_VERSION = 2

/**
 * The header of an answer to a batch that says which version the control plane reads. A control plane that does not say
 * it reads 1 (an HTTP header, because planes of that time refuse a member of the answer that they do not know).
 */
export const AUDIT_VERSION_HEADER = 'bir-audit-version'

/**
 * The header of an answer to a report of the audit: the number of the last record of the plane that the control plane
 * has stored. A plane that sent more sends it again. (An HTTP header, because the answer of before has no body.)
 */
export const AUDIT_STORED_HEADER = 'bir-audit-stored'

/**
 * The part of a record that the chain covers. Its canonical text is the `JSON.stringify`
 * of its keys in the order below. Its hash is the SHA-256 of that text. `prev` is the hash
 * of the record before it. The bodies are not part of it, so that they can be erased.
 */
const KnownHeader = z.object({
  v: z.literal([1, 2]),
  kind: RecordKind,
  /** The owner of the chain: the id of a data plane, or of the control plane. */
  plane: Id,
  /** The sequence number: 1, 2, 3 … without a gap. */
  seq: z.int().positive(),
  /** The hash of the record before; `FIRST_PREV` in the first record. */
  prev: Sha256,
  /** The id of the process start that wrote the record. */
  boot: Id,
  /** Milliseconds since 1970, by the clock of the plane. */
  atMs: z.int(),
  /** The id of the request. `attempt` and `call` of one request have the same. */
  call: Id.optional(),
  /** The person's id: the claim `sub` of the token. */
  subject: z.string().optional(),
  handle: z.string().optional(),
  /** Who acted for the person, such as `operator:root`. */
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
  /** Why the call was refused or failed: a `Reason` of the policy, or another fixed word. */
  reason: z.string().optional(),
  /** An explanation for administrators. Callers never see it. */
  detail: z.string().optional(),
  httpStatus: z.int().optional(),
  rpcCode: z.int().optional(),
  revision: z.int().optional(),
  /** True when the token was issued under a newer revision of the policy than this plane had. */
  behind: z.literal(true).optional(),
  /** Microseconds. */
  durationUs: z.int().optional(),
  argsBytes: z.int().optional(),
  argsDigest: Sha256.optional(),
  resultBytes: z.int().optional(),
  resultDigest: Sha256.optional(),
  /** The trace of the request (W3C Trace Context). */
  traceId: z.string().optional(),
  /** Of kind `refusals`: the number of calls. */
  count: z.int().optional(),
  /** Of kind `head`: the Ed25519 signature of the text of `prev`, base64url. */
  signature: z.string().optional(),
  /** True when the token had expired, and no control plane could be reached to renew it. Since version 2. */
  offline: z.literal(true).optional(),
  /** The session of the token: its claim `sid`. Since version 2. */
  sessionId: z.string().optional(),
})
export type AuditHeader = z.infer<typeof KnownHeader>

/** The type knows nothing of what is only kept. */
export const AuditHeader = KnownHeader.loose().superRefine(refuseStrangersInVersion1) as unknown as typeof KnownHeader

function refuseStrangersInVersion1(header: AuditHeader, { addIssue }: z.RefinementCtx): void {
  if (header.v !== 1) return
  const keys = Object.keys(header).filter((name) => !Object.hasOwn(KnownHeader.shape, name))
  if (keys.length > 0) addIssue({ code: 'unrecognized_keys', keys, input: header })
}

/**
 * A whole record: a line of the spool and of a shipped batch (NDJSON). `args`
 * and `result` are the bodies; absent when there is none, or it was erased.
 */
export const AuditRecord = z.object({
  hash: Sha256,
  header: AuditHeader,
  args: z.string().optional(),
  result: z.string().optional(),
})
export type AuditRecord = z.infer<typeof AuditRecord>

/**
 * Stands in a chain for a record that could not be sent, because it is too long or the control plane cannot read it.
 * The record itself lies in a file on its plane. The chain goes on over `hash`, which the next record names.
 */
export const SetApart = z.object({
  /** The hash of the record itself. It is not the hash of `apart`. */
  hash: Sha256,
  /** What the record says, its texts cut. */
  apart: AuditHeader,
  /** The size of the record, in bytes. */
  bytes: z.int().positive(),
  why: z.string().max(500),
})
export type SetApart = z.infer<typeof SetApart>

/** The `reason` of the signed head by which a plane says in its chain that it set a record apart. */
export const SET_APART = 'set-apart'

/** The `detail` of that head. */
export const setApartText = (seq: number, hash: string): string => `record ${seq} (hash ${hash}) could not be sent and was set apart`

/** `prev` of the first record of a chain. */
export const FIRST_PREV = '0'.repeat(64)

/** The largest record, in bytes, that the control plane takes. Records above a batch's size travel alone. */
export const MAX_AUDIT_RECORD_BYTES = 32 * 1024 * 1024

/** No record waits for longer than this, in ms, while a plane and the control plane are well. */
export const MAX_AUDIT_WAIT_MS = 30_000

/** The control plane's answer to a batch. `stored`: the highest sequence number of this plane that it has stored. */
export const AuditReceipt = z.object({ stored: z.int() })
export type AuditReceipt = z.infer<typeof AuditReceipt>
