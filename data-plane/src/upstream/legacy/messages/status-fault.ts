import { credentialFault, unreachableFault } from '../../faults.ts'
import { UpstreamFault } from '../../upstream.ts'

/** A status that is no answer. What the body says is not repeated: it is nobody's tool output. */
export function statusFault(status: number, doing: string): UpstreamFault {
  if (status === 401 || status === 403) return credentialFault(status)
  const detail = `${doing}: HTTP ${status}`
  if (status === 429) return new UpstreamFault('rate_limited', 'The MCP server is being asked too often.', { detail, retryable: true })
  if (status >= 500) return unreachableFault(detail)
  return new UpstreamFault('upstream_down', 'The MCP server did not accept the request.', { detail, hint: 'Tell an administrator.' })
}

/** Found when a session is opened: there is no MCP here, or only the transport of 2024-11-05. */
export const isMissingHere = (status: number): UpstreamFault =>
  new UpstreamFault('upstream_down', 'There is no MCP server at this address that speaks Streamable HTTP.', {
    detail: `initialize was answered with HTTP ${status}`,
    hint: 'Tell an administrator: the URL may be wrong, or the server may speak only the HTTP+SSE transport of 2024-11-05, which is not supported.',
  })

/** The server forgot the session while somebody was being asked something for it. */
export const lost = (detail: string): UpstreamFault =>
  new UpstreamFault('upstream_down', 'The MCP server has ended the session.', { detail, retryable: true, hint: 'Start again.' })
