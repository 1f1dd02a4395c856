/**
 * Every error that a caller can get: HTTP status, JSON-RPC code and message. The gateway's
 * own codes lie outside -32768..-32000, which JSON-RPC 2.0 (section 5.1) and MCP reserve.
 * The caller sees `publicMessage` alone; the cause goes to the audit record and the log.
 */
export const ERRORS = {
  unauthenticated: { http: 401, rpc: -31401, publicMessage: 'The token is missing, or it is not good here.' },
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
  /** Everything allows the call but the secret that its server needs. A tool answers so with a tool error. */
  secretNeeded: { http: 200, rpc: -31428, publicMessage: 'This server needs a good secret of yours.' },
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

/** The key of an error. */
export type ErrorCode = keyof typeof ERRORS

/** The only error class of the request path. `message` (the detail) and `cause` never leave the gateway. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError'
  readonly code: ErrorCode
  /** Replaces the message of the code. It is always a text of the gateway, never of an upstream server. */
  readonly publicMessage: string | undefined
  /** The `data` of the JSON-RPC error. */
  readonly data: unknown
  /** The `reason` of the audit record: one of a fixed set of words. */
  readonly reason: string
  readonly retryAfterMs: number | undefined

  constructor(
    code: ErrorCode,
    detail: string,
    options: { publicMessage?: string; data?: unknown; reason?: string; retryAfterMs?: number; cause?: unknown } = {},
  ) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.publicMessage = options.publicMessage
    this.data = options.data
    this.reason = options.reason ?? code
    this.retryAfterMs = options.retryAfterMs
  }

  /** Returns a `GatewayError` as it is, and wraps anything else as `internal`. */
  static from(error: unknown): GatewayError {
    if (error instanceof GatewayError) return error
    return new GatewayError('internal', error instanceof Error ? error.message : String(error), { cause: error })
  }
}

/** The codes of tool errors (MCP results with `isError: true`). The model reads them. */
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

/** Thrown by a tool that cannot do its work. The model gets code, message and hint. */
export class ToolError extends Error {
  override readonly name = 'ToolError'
  readonly code: ToolErrorCode
  /** What the model can do next. */
  readonly hint: string | undefined
  /** True when the same call may succeed later. */
  readonly retryable: boolean
  /** With `rate_limited`: when to try again, in whole seconds. */
  readonly retryAfterS: number | undefined

  constructor(
    code: ToolErrorCode,
    message: string,
    options: { hint?: string; retryable?: boolean; retryAfterS?: number; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.hint = options.hint
    this.retryable = options.retryable ?? false
    this.retryAfterS = options.retryAfterS
  }
}
