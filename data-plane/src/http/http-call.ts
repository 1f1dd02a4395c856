import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Endpoint } from './endpoint.ts'
import type { Headers } from './respond.ts'

/** An HTTP request to an MCP endpoint, with the response to write. */
export interface HttpCall {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly endpoint: Endpoint
  /** Headers that every response to this request carries, such as those of CORS. */
  readonly headers: Headers
  /** The values of `Mcp-Param-*` headers by their lower-case names; undefined until they are parsed. */
  readonly paramHeaders?: Readonly<Record<string, string>>
  /** Set when another plane forwarded the request: the client's IP address. Such a request is not forwarded again. */
  readonly forwardedFrom?: string
}
