import { AUDIT_BODY_BYTES } from '@bir/sdk/contract/audit'
import type { AuditHeader } from '@bir/sdk/contract/audit'
import type { ChainHead } from '@bir/sdk/chain'
import { sha256 } from '@bir/sdk/chain'
import type { AuditFields, Bodies } from './fields.ts'

export interface SpoolOrigin {
  plane: string
  boot: string
}

/** The next line of a chain and the head it makes. The header's keys stand in the schema's order: their bytes are what is hashed. */
export function nextLine(origin: SpoolOrigin, head: ChainHead, of: AuditFields, bodies: Bodies): { line: string; head: ChainHead } {
  const args = keep(bodies.args)
  const result = keep(bodies.result)
  const seq = head.seq + 1
  const header: { [K in keyof AuditHeader]: AuditHeader[K] | undefined } = {
    v: 1,
    kind: of.kind,
    plane: origin.plane,
    seq,
    prev: head.hash,
    boot: origin.boot,
    atMs: of.atMs,
    call: of.call,
    subject: of.subject,
    handle: of.handle,
    actor: of.actor,
    client: of.client,
    ip: of.ip,
    userAgent: of.userAgent,
    tokenId: of.tokenId,
    endpoint: of.endpoint,
    era: of.era,
    method: of.method,
    server: of.server,
    tool: of.tool,
    level: of.level,
    outcome: of.outcome,
    reason: of.reason,
    detail: of.detail,
    httpStatus: of.httpStatus,
    rpcCode: of.rpcCode,
    revision: of.revision,
    behind: of.behind,
    durationUs: of.durationUs,
    argsBytes: args?.bytes,
    argsDigest: args && sha256(args.text),
    resultBytes: result?.bytes,
    resultDigest: result && sha256(result.text),
    traceId: of.traceId,
    count: of.count,
    signature: of.signature,
  }
  const bytes = JSON.stringify(header)
  const hash = sha256(bytes)
  return { line: `{"hash":"${hash}","header":${bytes}${member('args', args)}${member('result', result)}}\n`, head: { seq, hash } }
}

const member = (name: string, body: { text: string } | undefined) => (body ? `,"${name}":${JSON.stringify(body.text)}` : '')

/** Cut to what a record may hold, never inside a character. */
function keep(body: string | undefined): { text: string; bytes: number } | undefined {
  if (body === undefined) return undefined
  const bytes = Buffer.byteLength(body)
  if (bytes <= AUDIT_BODY_BYTES) return { text: body.isWellFormed() ? body : body.toWellFormed(), bytes }
  // No character has less than a byte.
  const cut = Buffer.from(body.slice(0, AUDIT_BODY_BYTES)).subarray(0, AUDIT_BODY_BYTES).toString('utf8')
  return { text: cut.replace(/\uFFFD+$/, ''), bytes }
}
