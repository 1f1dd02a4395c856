import { UpstreamFault } from './upstream.ts'

/** The answer of the server breaks the protocol. */
export const protocolFault = (detail: string): UpstreamFault =>
  new UpstreamFault('upstream_down', 'The MCP server broke the protocol.', {
    detail: `broken protocol: ${detail}`,
    hint: 'Tell an administrator: the server itself must be repaired.',
  })

/** Nothing came back from the server, so it was not what was asked that failed. */
export class UnreachableFault extends UpstreamFault {}

/** The server was not asked: it says nothing about the server. */
export class UnaskedFault extends UpstreamFault {}

/** The gateway lets go of the server as it was: its settings are others now. */
export const letGoFault = (): UnaskedFault =>
  new UnaskedFault('upstream_down', 'The settings of the MCP server were changed while it was asked.', {
    retryable: true,
    hint: 'Try again.',
  })

/** Something beside the calls failed: a session ended, a stream is not to be had. It says nothing about the server. */
export class AsideFault extends UpstreamFault {}

/** The stream of a session cannot be had now. */
export const noStreamFault = (detail: string): AsideFault =>
  new AsideFault('upstream_down', 'The MCP server gives no stream of changes.', { detail, retryable: true, hint: 'Try again later.' })

/** The server answered as a server of another era would. The era we remember may be out of date. */
export class EraFault extends UpstreamFault {}

export const eraFault = (detail: string): EraFault =>
  new EraFault('upstream_down', 'The MCP server speaks another revision of the protocol than it did.', { detail, retryable: true })

export const sizeFault = (maxBytes: number): UpstreamFault =>
  new UpstreamFault('too_large', 'The answer of the MCP server is too large.', {
    detail: `more than ${maxBytes} bytes`,
    hint: 'Ask for less.',
  })

/** The answer is allowed by its size, but so few bytes that become so many may be meant to harm. */
export const growthFault = (maxRatio: number): UpstreamFault =>
  new UpstreamFault('too_large', 'The compressed answer of the MCP server grows too much.', {
    detail: `more than ${maxRatio} times its size when it is decompressed`,
    hint: 'Ask for less that repeats itself. If that does not help, tell an administrator: a server that sends it uncompressed is read.',
  })

/** The server wants to know more of the client than a client is asked. */
export const questionFault = (detail: string): UpstreamFault =>
  new UpstreamFault('too_large', 'The MCP server asks more of the client at once than it may.', {
    detail,
    hint: 'Ask for less. If that does not help, tell an administrator: the server itself must be repaired.',
  })

export const timeoutFault = (timeoutMs: number): UpstreamFault =>
  new UpstreamFault('timed_out', `The MCP server did not answer within ${timeoutMs / 1000} s.`, {
    hint: 'Ask for less, or try again later.',
    retryable: true,
  })

/** Something answered in its place, or its answer broke off. */
export const unreachableFault = (detail: string, cause?: unknown): UpstreamFault =>
  new UpstreamFault('upstream_down', cannotBeReached, { ...tryLater(detail), cause })

const cannotBeReached = 'The MCP server cannot be reached.'
const tryLater = (detail: string) => ({ detail, retryable: true, hint: 'Try again later.' })

/** The server refused the credential that it was sent. */
export class CredentialFault extends UpstreamFault {
  readonly status: number

  constructor(status: number) {
    // Where the credential is a person's, `PersonalUpstream` says so instead.
    super('secret_invalid', "The MCP server does not accept the gateway's credential.", {
      detail: `status ${status}`,
      hint: 'An administrator must renew it.',
    })
    this.status = status
  }
}

const networkErrorTexts: Record<string, string> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  ENOTFOUND: 'the name is not known',
  EAI_AGAIN: 'the name could not be looked up',
  UND_ERR_CONNECT_TIMEOUT: 'no connection in time',
  UND_ERR_SOCKET: 'the connection broke',
  UND_ERR_HEADERS_OVERFLOW: 'headers too large',
}

/** The connection to the server failed before anything could be asked on it. */
export function isNoConnection(fault: UpstreamFault): boolean {
  if (!(fault instanceof UnreachableFault)) return false
  const { cause } = fault
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  return !brokenConnectionCodes.has(code)
}

const brokenConnectionCodes = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'])

/**
 * Neither `server/discover` nor `initialize` was answered so that it tells the era. What the server says of our
 * credential or our pace stands for itself. Otherwise the record names both answers, and the setting that helps.
 */
export function eraUnknownFault(byDiscover: Error, byInitialize: Error): UpstreamFault {
  const faults = [byDiscover, byInitialize].filter((error) => error instanceof UpstreamFault)
  const [first, second] = faults
  const spoken = faults.find(({ code }) => code !== 'upstream_down' && code !== 'timed_out')
  if (spoken) return spoken
  const detail = `server/discover: ${byDiscover.message}; initialize: ${byInitialize.message}`
  const isAway = first instanceof UnreachableFault || second instanceof UnreachableFault
  const isSilent = faults.length === 2 && faults.every(({ code }) => code === 'timed_out')
  if (isAway || isSilent) return new UnreachableFault('upstream_down', cannotBeReached, tryLater(detail))
  const isDown = faults.length === 2 && faults.every(({ publicMessage }) => publicMessage === cannotBeReached)
  return new UpstreamFault('upstream_down', isDown ? cannotBeReached : 'The MCP server does not say which protocol revision it speaks.', {
    detail: `${detail}; if it works without the gateway, set era: legacy, era: sse or era: 2026-07-28 for it`,
    retryable: true,
    hint: isDown ? 'Try again later.' : 'Tell an administrator: the setting `era` of the server can say it.',
  })
}

/** Makes a fault of an error of undici or of the operating system. `hasAnswered`: the answer had begun. */
export function networkFault(error: unknown, hasAnswered: boolean): UpstreamFault {
  if (error instanceof UpstreamFault) return error
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const message = error instanceof Error ? error.message : String(error)
  if (code.startsWith('HPE_') || code === 'UND_ERR_HEADERS_OVERFLOW' || code.includes('CONTENT_LENGTH'))
    return protocolFault(networkErrorTexts[code] ?? message)
  const detail = networkErrorTexts[code] ?? message
  if (hasAnswered) return unreachableFault(detail, error)
  return new UnreachableFault('upstream_down', cannotBeReached, { ...tryLater(detail), cause: error })
}

/** The server limits how often we may call it. */
export const rateLimitFault = (retryAfter: string | undefined): UpstreamFault =>
  new UpstreamFault('rate_limited', 'The MCP server is being asked too often.', {
    detail: 'status 429',
    retryable: true,
    hint: retryAfter !== undefined && /^\d{1,5}$/.test(retryAfter) ? `Try again in ${retryAfter} s.` : 'Try again later.',
  })
