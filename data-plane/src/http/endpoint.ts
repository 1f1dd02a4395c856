import { ServerId } from '@bir/sdk/contract/names'
import { LRUCache } from 'lru-cache'

/** `/mcp` serves everything a person may use; `/mcp/{server}` serves one server, whose names stay as they are. */
export interface Endpoint {
  readonly path: string
  /** Undefined on the aggregate. */
  readonly server: string | undefined
  /** The OAuth resource (RFC 8707). */
  readonly resource: string
  /** The URL of its metadata document (RFC 9728). */
  readonly metadataUrl: string
}

const wellKnown = '/.well-known/oauth-protected-resource'

/** Anybody can ask for paths that look valid, without a token. Those push out only what was used least recently. */
const endpoints = new LRUCache<string, Endpoint>({ max: 1000 })

/** The endpoint at this path; undefined when the path is no MCP endpoint. The server that it names may not exist. */
export function endpointOf(publicUrl: string, path: string): Endpoint | undefined {
  const cached = endpoints.get(path)
  if (cached?.resource === publicUrl + path) return cached
  const endpoint = parsePath(publicUrl, path)
  if (endpoint) endpoints.set(path, endpoint)
  return endpoint
}

function parsePath(publicUrl: string, path: string): Endpoint | undefined {
  if (path === '/mcp') return newEndpoint(publicUrl, path, undefined)
  const server = path.startsWith('/mcp/') ? path.slice(5) : ''
  return ServerId.safeParse(server).success ? newEndpoint(publicUrl, path, server) : undefined
}

/** The endpoint whose metadata document (RFC 9728) lies at this path. The well-known path alone is that of `/mcp`. */
export function endpointOfMetadata(publicUrl: string, path: string): Endpoint | undefined {
  if (path === wellKnown) return endpointOf(publicUrl, '/mcp')
  return path.startsWith(`${wellKnown}/`) ? endpointOf(publicUrl, path.slice(wellKnown.length)) : undefined
}

/**
 * The metadata document (RFC 9728) of an endpoint. `issuer` is the authorization server where clients sign people in;
 * a plane without a policy knows none.
 */
export const protectedResource = (endpoint: Endpoint, issuer: string | undefined) => ({
  resource: endpoint.resource,
  ...(issuer !== undefined && { authorization_servers: [issuer] }),
  scopes_supported: ['mcp'],
  bearer_methods_supported: ['header'],
  resource_name: endpoint.server ? `Bir MCP: ${endpoint.server}` : 'Bir MCP',
})

const newEndpoint = (publicUrl: string, path: string, server: string | undefined): Endpoint => ({
  path,
  server,
  resource: publicUrl + path,
  metadataUrl: publicUrl + wellKnown + path,
})
