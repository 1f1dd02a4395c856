import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { serve } from '../../conformance/upstreams/serve.ts'
import type { Upstream } from '../../conformance/upstreams/serve.ts'

export interface GuardedServer extends Upstream {
  /** The tokens that it takes now; to anybody else it answers 401. */
  readonly accepted: Set<string>
  /** What it was sent as `Authorization`, in the order of the requests. */
  readonly heard: (string | null)[]
  /** So many of the next requests with a good token are refused all the same. */
  falseRefusals: number
}

/** A remote MCP server that speaks to nobody without a good bearer token (RFC 6750). */
export async function guardedServer(): Promise<GuardedServer> {
  const accepted = new Set<string>()
  const heard: (string | null)[] = []
  const state = { accepted, heard, falseRefusals: 0 }
  const handler = createMcpHandler(newServer)
  const guarded = async (request: Request): Promise<Response> => {
    const authorization = request.headers.get('authorization')
    heard.push(authorization)
    const isGood = accepted.has(authorization?.replace(/^Bearer /, '') ?? '')
    if (isGood && state.falseRefusals === 0) return handler.fetch(request)
    if (isGood) state.falseRefusals--
    return new Response(null, { status: 401, headers: { 'www-authenticate': 'Bearer error="invalid_token"' } })
  }
  return Object.assign(state, await serve(guarded, handler.close))
}

function newServer(): McpServer {
  const server = new McpServer({ name: 'desk', version: '1.0.0' }, { capabilities: { tools: {} } })
  server.registerTool('list_tickets', { description: 'Lists tickets.', annotations: { readOnlyHint: true } }, () => ({
    content: [{ type: 'text', text: 'one ticket' }],
  }))
  return server
}
