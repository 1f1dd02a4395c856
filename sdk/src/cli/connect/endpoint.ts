import type { Context } from '../base/context.ts'
import { durationMs } from '../base/duration.ts'
import { EXIT } from '../base/exit.ts'
import { badUsage, CliFault } from '../base/fault.ts'
import { personToken } from '../base/tokens.ts'
import { TOKEN_VARIABLE } from './clients/mcp-client.ts'
import type { Endpoint } from './clients/mcp-client.ts'

export interface Reached {
  endpoint: Endpoint
  /** When the token ends. Undefined where nobody told. */
  expiresAt: string | undefined
}

/** The address that a client is told, and the token it gets. */
export async function endpointOf(
  context: Context,
  { token, user, ttl, server }: { token?: true; user?: string; ttl: string; server?: string },
): Promise<Reached> {
  const gateway = await context.gateway()
  if (!gateway.mcpUrl)
    throw new CliFault('usage', 'Where do clients connect? Set BIR_MCP_URL, such as https://mcp.example.com/mcp.', { exit: EXIT.badInput })
  const name = server === undefined ? 'bir' : `bir-${server}`
  const url = server === undefined ? gateway.mcpUrl : `${gateway.mcpUrl}/${server}`
  if (user !== undefined) {
    const fresh = { person: user, purpose: { server }, ttlMs: durationMs(ttl), nowMs: context.environment.nowMs() }
    const { token, expiresAt } = await personToken(gateway, fresh)
    return { endpoint: { name, url, token }, expiresAt }
  }
  return { endpoint: { name, url, token: token && givenToken(context) }, expiresAt: undefined }
}

function givenToken({ environment }: Context): string {
  const token = environment.env[TOKEN_VARIABLE]?.trim()
  if (!token)
    throw badUsage(`Which token? Set ${TOKEN_VARIABLE} to one, such as "bir pat create" prints; in stage local, --user brings a fresh one.`)
  // It becomes part of a header and of a line for the shell.
  if (!/^[\w.~+/=-]+$/.test(token)) throw badUsage(`${TOKEN_VARIABLE} holds no token: a bearer token has no spaces and no quotes.`)
  return token
}
