import type { Database } from '@bir/db/schema'
import { ServerId } from '@bir/sdk/contract/names'
import type { Kysely } from 'kysely'
import { OAuthError, oauthError } from '../../base/errors/oauth-error.ts'

interface Bases {
  issuer: string
  mcpUrl: string
}

/** What a token is for: an audience, and a server if the audience is a single server. */
export interface Target {
  audience: string
  server?: string
}

export const apiAudience = (issuer: string): string => `${issuer}/api`

/**
 * The target of a token, from the parameter `resource` (RFC 8707). Clients write it in different ways, so the case of
 * the host, a final slash and a query do not matter.
 */
export function targetOf(resources: readonly string[], { issuer, mcpUrl }: Bases): Target {
  if (resources.length > 1) throw oauthError('invalid_target', 'Ask for one resource at a time.')
  const [resource] = resources
  const allServers = `${mcpUrl}/mcp`
  if (resource === undefined) return { audience: allServers }

  const url = URL.parse(resource)
  if (!url || url.hash !== '' || url.username !== '') throw unknownResource
  const requested = `${url.origin}${url.pathname.replace(/\/+$/, '')}`
  // Clients of old name the host alone.
  if (requested === normalize(allServers) || requested === normalize(mcpUrl).replace(/\/$/, '')) return { audience: allServers }
  if (requested === normalize(apiAudience(issuer))) return { audience: apiAudience(issuer) }

  const prefix = `${normalize(allServers)}/`
  const server = requested.startsWith(prefix) ? requested.slice(prefix.length) : ''
  if (!ServerId.safeParse(server).success) throw unknownResource
  return { audience: `${allServers}/${server}`, server }
}

/**
 * What a client is granted when it asks for this target. A portal gets the API and every server, whatever it names: it
 * asks for a token of each with the one handle of its session. Several audiences stand as words of one text.
 */
export const grantedAudiences = (client: { isPortal?: boolean }, { audience }: Target, bases: Bases): string =>
  client.isPortal ? portalAudiences(bases) : audience

/** Those of now: the addresses of a gateway may change, and the sessions of its portal go on. */
export const portalAudiences = ({ issuer, mcpUrl }: Bases): string => `${apiAudience(issuer)} ${mcpUrl}/mcp`

/** The audiences of a grant, the one first that a token is for when nothing is asked for. */
export const audiencesOf = (granted: string): [string, ...string[]] => {
  const [first = granted, ...others] = granted.split(' ')
  return [first, ...others]
}

/**
 * The audience of a token under a grant: the grant's own, or a narrower one that the request names (RFC 8707 §2.2). A
 * grant for `…/mcp` covers `…/mcp/gitlab`.
 */
export function narrowedAudience(granted: string, requested: Target | undefined): string {
  const audiences = audiencesOf(granted)
  if (!requested) return audiences[0]
  const covers = (one: string) => requested.audience === one || (one.endsWith('/mcp') && requested.audience.startsWith(`${one}/`))
  if (!audiences.some(covers)) throw oauthError('invalid_target', 'The grant does not cover this resource.')
  return requested.audience
}

/** Call it only after the caller is authenticated: strangers must not learn which servers exist. */
export async function refuseUnknownServer(db: Kysely<Database>, { server }: Target): Promise<void> {
  if (server === undefined) return
  const row = await db.selectFrom('servers').select('id').where('id', '=', server).executeTakeFirst()
  if (!row) throw unknownResource
}

const normalize = (text: string) => {
  const { origin, pathname } = new URL(text)
  return `${origin}${pathname}`
}

const unknownResource = new OAuthError('invalid_target', 'This is no resource of this gateway.', { reason: 'unknown-resource' })
