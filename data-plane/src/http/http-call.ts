import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Endpoint } from './endpoint.ts'
import type { Sender } from './sender.ts'
import type { Headers } from './respond.ts'

/** An HTTP request to an MCP endpoint, with the response to write. */
export interface HttpCall {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly endpoint: Endpoint
  readonly sender: Sender
  /** Headers that every response to this request carries, such as those of CORS. */
  readonly headers: Headers
  /** The values of `Mcp-Param-*` headers by their lower-case names; undefined until they are parsed. */
  readonly paramHeaders?: Readonly<Record<string, string>>
  /** Another plane forwarded the request, and says who the sender is. Such a request is not forwarded again. */
  readonly isForwarded?: boolean
}
