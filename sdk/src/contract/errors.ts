/** Every way a call can end badly, once. Codes of our own lie outside -32768..-32000, which JSON-RPC and MCP keep for themselves. `publicMessage` is all the caller is ever told; the cause goes to the audit record and the log. */
export const ERRORS = {
  unauthenticated: { http: 401, rpc: -31401, publicMessage: 'Sign in and try again.' },
  forbiddenOrigin: { http: 403, rpc: -31403, publicMessage: 'Requests from this origin are not accepted.' },
  personDisabled: { http: 403, rpc: -31410, publicMessage: 'This account is disabled. Ask an administrator.' },
  rateLimited: { http: 429, rpc: -31429, publicMessage: 'Too many calls. Wait and try again.' },
  unavailable: { http: 503, rpc: -31503, publicMessage: 'The gateway cannot serve this now. Try again later.' },
  internal: { http: 200, rpc: -32603, publicMessage: 'The gateway made a mistake. It is recorded; try again or tell an administrator.' },
  parse: { http: 400, rpc: -32700, publicMessage: 'The body is not JSON.' },
  invalidRequest: { http: 400, rpc: -32600, publicMessage: 'The body is not a JSON-RPC 2.0 request.' },
  invalidParams: { http: 200, rpc: -32602, publicMessage: 'The parameters do not fit the method.' },
  invalidEnvelope: { http: 400, rpc: -32602, publicMessage: 'The request lacks the metadata its protocol version demands.' },
  unknownTool: { http: 200, rpc: -32602, publicMessage: 'Unknown tool.' },
  unknownMethod: { http: 404, rpc: -32601, publicMessage: 'Method not found.' },
  headerMismatch: { http: 400, rpc: -32020, publicMessage: 'The headers contradict the body.' },
  missingCapability: { http: 400, rpc: -32021, publicMessage: 'The client has not declared a capability that this needs.' },
  unsupportedVersion: { http: 400, rpc: -32022, publicMessage: 'Unsupported protocol version.' },
  unknownSession: { http: 404, rpc: -31404, publicMessage: 'Session not found. Initialize again.' },
  sessionRequired: { http: 400, rpc: -31400, publicMessage: 'The header Mcp-Session-Id is missing. Initialize first.' },
  methodNotAllowed: { http: 405, rpc: -31405, publicMessage: 'This method is not allowed here.' },
  notAcceptable: { http: 406, rpc: -31406, publicMessage: 'The client must accept application/json and text/event-stream.' },
  unsupportedMediaType: { http: 415, rpc: -31415, publicMessage: 'The content type must be application/json.' },
  tooLarge: { http: 413, rpc: -32600, publicMessage: 'The body is too large.' },
  notFound: { http: 404, rpc: -31404, publicMessage: 'There is nothing here.' },
} as const

export type ErrorCode = keyof typeof ERRORS

/** The one failure class of the hot path. `detail` and `cause` never leave the gateway. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError'
  readonly code: ErrorCode
  /** What the caller may be told beyond the code's sentence; plain words of ours, never an upstream's. */
  readonly publicMessage: string | undefined
  readonly data: unknown
  /** Why, from a closed list, for the record. */
  readonly reason: string
  readonly retryAfterMs: number | undefined

  constructor(
    code: ErrorCode,
    detail: string,
    more: { publicMessage?: string; data?: unknown; reason?: string; retryAfterMs?: number; cause?: unknown } = {},
  ) {
    super(detail, more.cause === undefined ? undefined : { cause: more.cause })
    this.code = code
    this.publicMessage = more.publicMessage
    this.data = more.data
    this.reason = more.reason ?? code
    this.retryAfterMs = more.retryAfterMs
  }

  static from(error: unknown): GatewayError {
    if (error instanceof GatewayError) return error
    return new GatewayError('internal', error instanceof Error ? error.message : String(error), { cause: error })
  }
}

/** Codes of tool errors (`isError: true`): what a model is told when a tool could not do its work. */
export const TOOL_ERRORS = [
  'not_found',
  'not_permitted_upstream',
  'secret_missing',
  'secret_invalid',
  'secret_expired',
  'scope_missing',
  'invalid_input',
  'conflict',
  'rate_limited',
  'timed_out',
  'upstream_down',
  'too_large',
  'refused_by_policy',
] as const
export type ToolErrorCode = (typeof TOOL_ERRORS)[number]

/** Thrown by a tool whose work cannot be done, and said to the model in its own words. */
export class ToolError extends Error {
  override readonly name = 'ToolError'
  readonly code: ToolErrorCode
  /** What to do next. */
  readonly hint: string | undefined
  readonly retryable: boolean

  constructor(code: ToolErrorCode, message: string, more: { hint?: string; retryable?: boolean; cause?: unknown } = {}) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause })
    this.code = code
    this.hint = more.hint
    this.retryable = more.retryable ?? false
  }
}
