import type { Database } from '@bir/db/schema'
import { ServerId } from '@bir/sdk/contract/names'
import type { Kysely } from 'kysely'
import { oauthError } from './oauth-error.ts'

interface Bases {
  issuer: string
  mcpUrl: string
}

/** What a token is good for: an audience, and the one server behind it if it is one. */
export interface Target {
  audience: string
  server?: string
}

export const apiAudience = (issuer: string): string => `${issuer}/api`

/** What a token will be good for (RFC 8707). Clients spell it in many ways: case of the host, a last slash and a query do not matter. */
export function targetOf(resources: readonly string[], { issuer, mcpUrl }: Bases): Target {
  if (resources.length > 1) throw oauthError('invalid_target', 'Ask for one resource at a time.')
  const [resource] = resources
  const everything = `${mcpUrl}/mcp`
  if (resource === undefined) return { audience: everything }

  const url = URL.parse(resource)
  if (!url || url.hash !== '' || url.username !== '') throw unknown
  const asked = `${url.origin}${url.pathname.replace(/\/+$/, '')}`
  if (asked === normal(everything)) return { audience: everything }
  if (asked === normal(apiAudience(issuer))) return { audience: apiAudience(issuer) }

  const prefix = `${normal(everything)}/`
  const server = asked.startsWith(prefix) ? asked.slice(prefix.length) : ''
  if (!ServerId.safeParse(server).success) throw unknown
  return { audience: `${everything}/${server}`, server }
}

/** Asked for whom one knows already: what servers there are is nothing for strangers. */
export async function refuseUnknownServer(db: Kysely<Database>, { server }: Target): Promise<void> {
  if (server === undefined) return
  const row = await db.selectFrom('servers').select('id').where('id', '=', server).executeTakeFirst()
  if (!row) throw unknown
}

const normal = (text: string) => {
  const { origin, pathname } = new URL(text)
  return `${origin}${pathname}`
}

const unknown = oauthError('invalid_target', 'This is no resource of this gateway.')
