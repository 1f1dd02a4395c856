import { GatewayError } from '@bir/sdk/contract/errors'
import type { VerbatimJson } from '../json/verbatim.ts'

/** The error a legacy client gave in place of an answer to what it was asked. No JSON can pass for it: a modern client has no such word. */
export interface ClientRefusal {
  readonly method: string
  readonly code: number
  readonly message: string
  readonly data?: unknown
  /** The error as the client wrote it. */
  readonly source?: VerbatimJson | undefined
}

/** The error in JSON, as a server is told it. */
export function refusalJson({ code, message, data, source }: ClientRefusal): string {
  const error = { code, message, data }
  return source?.toJson(error) ?? JSON.stringify(error)
}

export type Refusals = ReadonlyMap<string, ClientRefusal>

/** From 2026-07-28 on a server can be told results alone. Nobody chose "cancel", so nobody is said to have: the request ends here. */
export function clientRefused(refusals: Refusals): GatewayError {
  const { method = 'a request', source: _, ...error } = refusals.values().next().value ?? {}
  return new GatewayError('invalidParams', `the client refused ${method}: ${JSON.stringify(error).slice(0, 200)}`, {
    publicMessage: `The client refused ${method}.`,
    reason: 'client-refused',
    data: { error },
  })
}
