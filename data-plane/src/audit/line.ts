import { AUDIT_BODY_BYTES } from '@bir/sdk/contract/audit'
import type { AuditHeader } from '@bir/sdk/contract/audit'
import type { ChainHead } from '@bir/sdk/chain'
import { sha256 } from '@bir/sdk/chain'
import type { AuditFields, Bodies } from './fields.ts'

export interface SpoolOrigin {
  plane: string
  boot: string
}

/**
 * The next line of a chain, and the head after it. The header's keys must be in the schema's order, because their bytes
 * are hashed. They are listed here: to build the header in a loop over the schema takes three times as long.
 */
export function nextLine(origin: SpoolOrigin, head: ChainHead, fields: AuditFields, bodies: Bodies): { line: string; head: ChainHead } {
  const args = truncate(bodies.args)
  const result = truncate(bodies.result)
  const seq = head.seq + 1
  const header: { [K in keyof AuditHeader]: AuditHeader[K] | undefined } = {
    v: 1,
    kind: fields.kind,
    plane: origin.plane,
    seq,
    prev: head.hash,
    boot: origin.boot,
    atMs: fields.atMs,
    call: fields.call,
    subject: fields.subject,
    handle: fields.handle,
    actor: fields.actor,
    client: fields.client,
    ip: fields.ip,
    userAgent: fields.userAgent,
    tokenId: fields.tokenId,
    endpoint: fields.endpoint,
    era: fields.era,
    method: fields.method,
    server: fields.server,
    tool: fields.tool,
    level: fields.level,
    outcome: fields.outcome,
    reason: fields.reason,
    detail: fields.detail,
    httpStatus: fields.httpStatus,
    rpcCode: fields.rpcCode,
    revision: fields.revision,
    behind: fields.behind,
    durationUs: fields.durationUs,
    argsBytes: args?.bytes,
    argsDigest: args && sha256(args.text),
    resultBytes: result?.bytes,
    resultDigest: result && sha256(result.text),
    traceId: fields.traceId,
    count: fields.count,
    signature: fields.signature,
  }
  const bytes = JSON.stringify(header)
  const hash = sha256(bytes)
  return { line: `{"hash":"${hash}","header":${bytes}${bodyMember('args', args)}${bodyMember('result', result)}}\n`, head: { seq, hash } }
}

const bodyMember = (name: string, body: { text: string } | undefined) => (body ? `,"${name}":${JSON.stringify(body.text)}` : '')

/** Cuts a body to the size that a record may hold, never inside a character. `bytes` is the size before that. */
function truncate(body: string | undefined): { text: string; bytes: number } | undefined {
  if (body === undefined) return undefined
  const bytes = Buffer.byteLength(body)
  if (bytes <= AUDIT_BODY_BYTES) return { text: body.isWellFormed() ? body : body.toWellFormed(), bytes }
  // The limit in bytes is also one in characters, because a character has at least one byte.
  const cut = Buffer.from(body.slice(0, AUDIT_BODY_BYTES)).subarray(0, AUDIT_BODY_BYTES).toString('utf8')
  return { text: cut.replace(/\uFFFD+$/, ''), bytes }
}
