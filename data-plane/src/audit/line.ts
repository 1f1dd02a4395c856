import { AUDIT_BODY_BYTES, AUDIT_VERSION } from '@bir/sdk/contract/audit'
import type { AuditHeader } from '@bir/sdk/contract/audit'
import { boundField } from '@bir/sdk/contract/audit-limits'
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
 * Every text is cut and every number checked here, whoever wrote it: a record that the control plane cannot take would
 * hold back all records after it. `readable` is the newest version that the control plane reads: what needs a newer
 * one is left out where the record would wait for it.
 */
export function nextLine(
  origin: SpoolOrigin,
  head: ChainHead,
  fields: AuditFields,
  bodies: Bodies,
  readable: number = AUDIT_VERSION,
): { line: string; head: ChainHead } {
  const args = truncate(bodies.args)
  const result = truncate(bodies.result)
  const seq = head.seq + 1
  const sessionId = readable < 2 ? undefined : boundField('sessionId', fields.sessionId)
  const header: { [K in keyof AuditHeader]: AuditHeader[K] | undefined } = {
    v: fields.offline || sessionId !== undefined ? 2 : 1,
    kind: fields.kind,
    plane: origin.plane,
    seq,
    prev: head.hash,
    boot: origin.boot,
    atMs: fields.atMs,
    call: fields.call,
    subject: boundField('subject', fields.subject),
    handle: boundField('handle', fields.handle),
    actor: boundField('actor', fields.actor),
    client: boundField('client', fields.client),
    ip: boundField('ip', fields.ip),
    userAgent: boundField('userAgent', fields.userAgent),
    tokenId: boundField('tokenId', fields.tokenId),
    endpoint: boundField('endpoint', fields.endpoint),
    era: boundField('era', fields.era),
    method: boundField('method', fields.method),
    server: boundField('server', fields.server),
    tool: boundField('tool', fields.tool),
    level: fields.level,
    outcome: fields.outcome,
    reason: boundField('reason', fields.reason),
    detail: boundField('detail', fields.detail),
    httpStatus: integer(fields.httpStatus),
    rpcCode: integer(fields.rpcCode),
    revision: integer(fields.revision),
    behind: fields.behind,
    durationUs: integer(fields.durationUs),
    argsBytes: args?.bytes,
    argsDigest: args && sha256(args.text),
    resultBytes: result?.bytes,
    resultDigest: result && sha256(result.text),
    traceId: boundField('traceId', fields.traceId),
    count: integer(fields.count),
    signature: boundField('signature', fields.signature),
    offline: fields.offline,
    sessionId,
  }
  const bytes = JSON.stringify(header)
  const hash = sha256(bytes)
  return { line: `{"hash":"${hash}","header":${bytes}${bodyMember('args', args)}${bodyMember('result', result)}}\n`, head: { seq, hash } }
}

/** A server may send any number as its error code; a record holds whole ones. */
const integer = (value: number | undefined) => (Number.isSafeInteger(value) ? value : undefined)

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
