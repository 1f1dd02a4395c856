import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Endpoint } from './endpoint.ts'
import type { Headers } from './respond.ts'

/** One HTTP exchange as it is handed about here. */
export interface HttpCall {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly endpoint: Endpoint
  /** What every answer to this request carries, such as CORS. */
  readonly headers: Headers
  /** `Mcp-Param-*`, by their lower-case names, once they were read. */
  readonly paramHeaders?: Readonly<Record<string, string>>
  /** Handed on by another plane: where the client called that one from. Such a request goes no further. */
  readonly forwardedFrom?: string
}
