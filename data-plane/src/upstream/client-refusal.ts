import { GatewayError } from '@bir/sdk/contract/errors'
import type { VerbatimJson } from '../json/verbatim.ts'

/**
 * The JSON-RPC error by which a legacy client answered a request of a server. It is a type of its own, because the
 * modern protocol has no such answer: nothing in the JSON of a modern client can be taken for it.
 */
export interface ClientRefusal {
  readonly method: string
  readonly code: number
  readonly message: string
  readonly data?: unknown
  /** The error as the client wrote it. */
  readonly source?: VerbatimJson | undefined
}

/** The error in JSON, as it is sent to the server. */
export function refusalJson({ code, message, data, source }: ClientRefusal): string {
  const error = { code, message, data }
  return source?.toJson(error) ?? JSON.stringify(error)
}

export type Refusals = ReadonlyMap<string, ClientRefusal>

/**
 * From 2026-07-28 on a client can send a server only results. The action `cancel` would claim a choice of the person
 * that nobody made, so the request ends with this error instead.
 */
export function refusalError(refusals: Refusals): GatewayError {
  const { method = 'a request', source: _, ...error } = refusals.values().next().value ?? {}
  return new GatewayError('invalidParams', `the client refused ${method}: ${JSON.stringify(error).slice(0, 200)}`, {
    publicMessage: `The client refused ${method}.`,
    reason: 'client-refused',
    data: { error },
  })
}
