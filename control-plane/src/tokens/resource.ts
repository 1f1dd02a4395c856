import { ServerId } from '@bir/sdk/contract/names'
import { oauthError } from './oauth-error.ts'

interface Bases {
  issuer: string
  mcpUrl: string
}

export const apiAudience = (issuer: string): string => `${issuer}/api`

/** What a token will be good for (RFC 8707). Clients spell it in many ways: case of the host, a last slash and a query do not matter. */
export function audienceOf(resources: readonly string[], { issuer, mcpUrl }: Bases): string {
  if (resources.length > 1) throw oauthError('invalid_target', 'Ask for one resource at a time.')
  const [resource] = resources
  const everything = `${mcpUrl}/mcp`
  if (resource === undefined) return everything

  const url = URL.parse(resource)
  if (!url || url.hash !== '' || url.username !== '') throw unknown
  const asked = `${url.origin}${url.pathname.replace(/\/+$/, '')}`
  if (asked === normal(everything)) return everything
  if (asked === normal(apiAudience(issuer))) return apiAudience(issuer)

  const prefix = `${normal(everything)}/`
  const server = asked.startsWith(prefix) ? asked.slice(prefix.length) : ''
  if (!ServerId.safeParse(server).success) throw unknown
  return `${everything}/${server}`
}

const normal = (text: string) => {
  const { origin, pathname } = new URL(text)
  return `${origin}${pathname}`
}

const unknown = oauthError('invalid_target', 'This is no resource of this gateway.')
