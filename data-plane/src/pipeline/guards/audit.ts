import { AUDIT_TEXT_CHARS, boundText } from '@bir/sdk/contract/audit-limits'
import { ERRORS } from '@bir/sdk/contract/errors'
import { covers } from '@bir/sdk/contract/level'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import { ServedByOtherPlane } from '../../peers/served-by-other-plane.ts'
import { clientName } from '../../protocol/client-info.ts'
import type { AuditFields } from '../../audit/fields.ts'
import { UpstreamRpcError } from '../../upstream/upstream.ts'
import { toGatewayError } from '../call/to-gateway-error.ts'
import { redactJson, redactText } from '../../secrets/redact.ts'
import type { Guard } from '../call/pipeline.ts'
import type { Ports } from '../call/ports.ts'
import type { Audited, Authenticated, Incoming, AuditNote, Rendered } from '../call/types.ts'

/**
 * Methods whose answers are counted, not recorded: lists, and what concerns the connection alone. Every other method
 * is recorded call by call, even one that the gateway does not know.
 */
const unrecorded = new Set([
  'tools/list',
  'prompts/list',
  'resources/list',
  'resources/templates/list',
  'skills/list',
  'server/discover',
  'ping',
  'subscriptions/listen',
  'logging/setLevel',
  'resources/subscribe',
  'resources/unsubscribe',
  'response',
  'GET',
  'DELETE',
])

const isRecorded = (method: string) => !unrecorded.has(method) && !method.startsWith('notifications/')

type AuditPorts = Pick<Ports, 'journal' | 'callLog' | 'secrets'>
type Call = Incoming & Partial<Authenticated>

/**
 * The outermost guard, so that refusals are recorded too. The record is written before the answer leaves. When the
 * call may have changed something, the record is on disk first.
 */
export function audit(ports: AuditPorts): Guard<Call, Audited> {
  const { journal } = ports
  return async function audit(call, next) {
    const note: AuditNote = { call: uuidv7(), releases: [] }
    journal.ready()
    try {
      const answer = await next({ note })
      if (isRecorded(call.method)) await recordAnswer(ports, call, note, answer)
      return answer
    } catch (error) {
      if (!(error instanceof ServedByOtherPlane) && !note.isRecorded) await recordFailure(ports, call, note, error)
      throw error
    } finally {
      note.isOver = true
      for (const release of note.releases) release()
    }
  }
}

async function recordAnswer(ports: AuditPorts, call: Call, note: AuditNote, answer: Rendered): Promise<void> {
  const { journal, callLog } = ports
  note.isRecorded = true
  if (note.detail !== undefined) note.detail = withoutSecrets(ports, call, note, note.detail)
  hideInArgs(ports, call, note)
  const fields = factsOf(call, note, note.outcome ?? 'answered')
  await journal.record(fields, { args: note.argsText, result: answer.json }, mustSync(call, note))
  logCall(callLog, call, note, fields, answer)
}

async function recordFailure(ports: AuditPorts, call: Call, note: AuditNote, error: unknown): Promise<void> {
  const { journal, callLog } = ports
  const { reason, detail: why, outcome: failure, httpStatus, rpcCode, isOften } = failureFacts(error)
  const isStopped = note.outcome === 'unknown'
  const outcome = isStopped ? 'unknown' : failure
  const detail = isStopped ? `stopped while it was under way: ${why}` : why
  note.reason = reason
  note.detail = withoutSecrets(ports, call, note, detail)
  hideInArgs(ports, call, note)
  const fields = { ...factsOf(call, note, outcome), httpStatus, rpcCode }
  const bodies = { args: note.argsText }
  if (call.person?.grants.has(note.server ?? '')) logCall(callLog, call, note, fields, undefined)
  if (call.person && !isOften) await journal.record(fields, bodies, mustSync(call, note))
  else await journal.refusal(fields, bodies, mustSync(call, note))
}

/**
 * The details of a failure may quote a server, which may quote what it was sent. They are cut after that, not before.
 */
function withoutSecrets(ports: AuditPorts, call: Call, note: AuditNote, detail: string): string {
  return boundText(redactText(detail, hiddenIn(ports, call, note)), AUDIT_TEXT_CHARS.detail)
}

/** A caller may give a server the very secret that the gateway sends it. */
export function hideInArgs(ports: Pick<Ports, 'secrets'>, call: Call, note: AuditNote): void {
  if (note.argsText !== undefined) note.argsText = redactJson(note.argsText, hiddenIn(ports, call, note))
}

function hiddenIn({ secrets }: Pick<Ports, 'secrets'>, { endpoint, caller }: Call, note: AuditNote): readonly string[] {
  const server = note.server ?? endpoint.server
  return server === undefined ? [] : secrets.for(server, caller.token.subject.id).values
}

/** Whoever is refused for these may be refused as often as they call: the first of a second says everything. */
const oftenRefused = new Set(['binding-network', 'binding-user-agent'])

/** A server's own error is its failure, by its code; any other failure has a code of the gateway's. */
function failureFacts(error: unknown) {
  if (error instanceof UpstreamRpcError) {
    return {
      reason: 'upstream-error',
      detail: error.message,
      outcome: 'failed',
      httpStatus: 200,
      rpcCode: error.code,
      isOften: false,
    } as const
  }
  const { code, reason, message } = toGatewayError(error)
  const { http, rpc } = ERRORS[code]
  const outcome = code === 'internal' ? 'failed' : 'refused'
  return {
    reason,
    detail: message,
    outcome,
    httpStatus: http,
    rpcCode: rpc,
    isOften: code === 'rateLimited' || oftenRefused.has(reason),
  } as const
}

const mustSync = ({ policy }: Call, { level }: AuditNote) =>
  policy?.settings.auditDurability === 'strict' || (level !== undefined && covers(level, 'write'))

/** What the record says of a call; also what an attempt says before it. */
export function factsOf(
  call: Call,
  note: AuditNote,
  outcome: 'answered' | 'refused' | 'failed' | 'unknown',
): Omit<AuditFields, 'outcome'> & { outcome: typeof outcome } {
  // Known before the body was read, and also while a guard refuses the token after all.
  const { token, person } = call.caller
  return compact({
    kind: 'call',
    atMs: Date.now(),
    call: note.call,
    subject: token.subject.id,
    handle: (call.person ?? person).handle,
    actor: token.actor,
    client: clientOf(call),
    ip: call.ip,
    userAgent: call.userAgent,
    tokenId: token.tokenId,
    endpoint: call.endpoint.path,
    era: call.version,
    method: call.method,
    server: note.server,
    tool: note.tool,
    level: note.level,
    outcome,
    reason: note.reason,
    detail: note.detail,
    revision: note.revision,
    behind: note.behind === true ? true : undefined,
    durationUs: Math.round((performance.now() - call.startedMs) * 1000),
    traceId: call.traceId,
    offline: note.offline === true ? true : undefined,
    sessionId: token.sessionId,
  })
}

/** A record does not tell an absent field from an undefined one; its type knows only absent fields. */
const compact = <T extends object>(fields: T) => fields as { [K in keyof T]: Exclude<T[K], undefined> }

function clientOf({ caller: { token }, client }: Call): string {
  const name = clientName(client.info)
  return name === undefined ? token.clientId : `${token.clientId} ${name}`
}

function logCall(callLog: Ports['callLog'], call: Call, note: AuditNote, fields: AuditFields, answer: Rendered | undefined): void {
  if (!call.token || call.method !== 'tools/call') return
  callLog.add(call.token.subject.id, {
    atMs: fields.atMs,
    server: note.server ?? '',
    tool: note.tool ?? '',
    outcome: fields.outcome ?? 'unknown',
    ...(note.reason === undefined ? {} : { reason: note.reason }),
    durationMs: (fields.durationUs ?? 0) / 1000,
    argsBytes: note.argsText?.length ?? 0,
    resultBytes: answer?.json.length ?? 0,
    call: note.call,
    ...(note.requests && { requests: note.requests }),
  })
}
