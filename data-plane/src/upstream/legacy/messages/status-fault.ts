import { UpstreamFault } from '../../upstream.ts'
import { AsideFault, EraFault } from '../../faults.ts'
import { statusFault } from '../../status-fault.ts'

/**
 * The fault of a status where a legacy server should have accepted a message. The body is not repeated: it is no tool
 * output, and it may hold anything.
 */
export function legacyStatusFault(status: number, failedAct: string): UpstreamFault {
  const detail = `${failedAct}: HTTP ${status}`
  if (status === 429) return new UpstreamFault('rate_limited', 'The MCP server is being asked too often.', { detail, retryable: true })
  const notAccepted = () =>
    new UpstreamFault('upstream_down', 'The MCP server did not accept the request.', { detail, hint: 'Tell an administrator.' })
  return statusFault(status, detail) ?? notAccepted()
}

/** `initialize` was refused: there is no MCP server at this address, or only one with the transport of 2024-11-05. */
export const noServerFault = (status: number): UpstreamFault =>
  new EraFault('upstream_down', 'There is no MCP server at this address that speaks Streamable HTTP.', {
    detail: `initialize was answered with HTTP ${status}; era: auto also tries HTTP+SSE, by a GET that must name an endpoint; era: sse sets it`,
    hint: 'Tell an administrator: the URL may be wrong, or the server may speak only the HTTP+SSE transport of 2024-11-05, which `era: sse` names.',
  })

/** A GET was answered with no stream: there is no server of the HTTP+SSE transport at this address. */
export const noSseServerFault = (status: number): UpstreamFault =>
  statusFault(status, `no event stream: HTTP ${status}`) ??
  new EraFault('upstream_down', 'There is no MCP server at this address that speaks the HTTP+SSE transport.', {
    detail: `a GET for an event stream was answered with HTTP ${status}`,
    hint: 'Tell an administrator: the URL of such a server often ends in /sse, and the server may speak Streamable HTTP at another URL by now.',
  })

/** The server forgot the session, and what was under way in it cannot go on in another one. */
export const sessionLostFault = (detail: string): UpstreamFault =>
  new AsideFault('upstream_down', 'The MCP server has ended the session.', { detail, retryable: true, hint: 'Start again.' })
