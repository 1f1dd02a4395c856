import type { IncomingMessage } from 'node:http'
import { ERRORS } from '@bir/sdk/contract/errors'
import type { GatewayError } from '@bir/sdk/contract/errors'
import { personOf } from '@bir/sdk/contract/policy'
import type { Policy } from '@bir/sdk/contract/policy'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import type { AuditFields, Journal } from '../audit/fields.ts'
import type { Endpoint } from '../http/endpoint.ts'
import { traceIdOf } from '../http/sender.ts'
import type { Sender } from '../http/sender.ts'
import { addressOf } from '../pipeline/routing/tool-address.ts'
import type { Caller } from '../policy/caller.ts'
import type { PolicySource } from '../policy/source.ts'
import { tokenRefusedWith } from '../policy/tokens/holder.ts'
import type { Token } from '../policy/tokens/token.ts'
import { headerText } from '../protocol/headers/encoding.ts'

interface Refused {
  readonly request: Pick<IncomingMessage, 'headers'>
  readonly sender: Sender
  readonly endpoint: Endpoint | undefined
  /** Undefined while nobody is known, and for a caller whose token is the reason. */
  readonly caller?: Caller | undefined
}

export type RecordRefusal = (refused: Refused, error: GatewayError) => void

interface Needs {
  readonly journal: Pick<Journal, 'refusal'>
  readonly policy: Pick<PolicySource, 'held'>
}

/**
 * Records refusals that no pipeline saw. Whoever holds a token of the gateway is named, also when that is what was
 * refused. A client that only asks what there is is not recorded.
 */
export function refusalRecorder({ journal, policy }: Needs): RecordRefusal {
  return function recordRefusal({ request, sender, endpoint, caller }, error) {
    if (error.code === 'methodNotAllowed' || error.code === 'notFound') return
    const token = caller?.token ?? tokenRefusedWith(error)
    const { http, rpc } = ERRORS[error.code]
    const fields: { [K in keyof AuditFields]: AuditFields[K] | undefined } = {
      kind: 'call',
      atMs: Date.now(),
      call: uuidv7(),
      ip: sender.ip,
      userAgent: sender.userAgent,
      endpoint: endpoint?.path,
      server: endpoint?.server,
      ...(token && whoHolds(token, caller?.person.handle ?? handleOf(policy.held, token))),
      ...(token && whatIsAsked(request, policy.held, endpoint)),
      outcome: error.code === 'internal' ? 'failed' : 'refused',
      reason: error.reason,
      detail: error.message,
      httpStatus: http,
      rpcCode: rpc,
    }
    journal.refusal(fields as AuditFields, {}).catch(() => undefined) // the spool's own fault shows on the next call
  }
}

const whoHolds = ({ subject, actor, clientId, tokenId, sessionId }: Token, handle: string | undefined) => ({
  subject: subject.id,
  handle,
  actor,
  client: clientId,
  tokenId,
  sessionId,
})

const handleOf = (policy: Policy | undefined, { subject }: Token) => policy && personOf(policy, subject)?.handle

/** What the headers of a modern client say of a body that nobody read. Those of a legacy client say nothing. */
function whatIsAsked({ headers }: Refused['request'], policy: Policy | undefined, endpoint: Endpoint | undefined) {
  const [method, name] = [textOf(headers['mcp-method']), textOf(headers['mcp-name'])]
  const called = method === 'tools/call' && name !== undefined ? headerText(name) : undefined
  const address = called === undefined || !policy || !endpoint ? undefined : addressOf(policy, endpoint, called)
  return {
    method,
    tool: called,
    ...address,
    revision: policy?.revision,
    traceId: traceIdOf({ headers }),
  }
}

const textOf = (header: string | string[] | undefined) => (typeof header === 'string' ? header : undefined)
