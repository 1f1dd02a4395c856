import { ServerId } from '@bir/sdk/contract/names'

/** `/mcp` is everything a person may use; `/mcp/{server}` is one server, names untouched. */
export interface Endpoint {
  readonly path: string
  /** Undefined on the aggregate. */
  readonly server: string | undefined
  /** The OAuth resource (RFC 8707), and where its RFC 9728 document lies. */
  readonly resource: string
  readonly metadataUrl: string
}

const wellKnown = '/.well-known/oauth-protected-resource'

const maxKept = 1000
const kept = new Map<string, Endpoint>()

/** Undefined when the path is no MCP endpoint. Which servers exist is not told here. */
export function endpointOf(publicUrl: string, path: string): Endpoint | undefined {
  const known = kept.get(path)
  if (known?.resource === publicUrl + path) return known
  const endpoint = read(publicUrl, path)
  if (endpoint && kept.size < maxKept) kept.set(path, endpoint)
  return endpoint
}

function read(publicUrl: string, path: string): Endpoint | undefined {
  if (path === '/mcp') return make(publicUrl, path, undefined)
  const server = path.startsWith('/mcp/') ? path.slice(5) : ''
  return ServerId.safeParse(server).success ? make(publicUrl, path, server) : undefined
}

/** The endpoint a metadata path speaks of; the bare path speaks of `/mcp`. */
export function endpointOfMetadata(publicUrl: string, path: string): Endpoint | undefined {
  if (path === wellKnown) return endpointOf(publicUrl, '/mcp')
  return path.startsWith(`${wellKnown}/`) ? endpointOf(publicUrl, path.slice(wellKnown.length)) : undefined
}

/** The RFC 9728 document of one endpoint. */
export const protectedResource = (endpoint: Endpoint, issuer: string) => ({
  resource: endpoint.resource,
  authorization_servers: [issuer],
  scopes_supported: ['mcp'],
  bearer_methods_supported: ['header'],
  resource_name: endpoint.server ? `Bir MCP: ${endpoint.server}` : 'Bir MCP',
})

const make = (publicUrl: string, path: string, server: string | undefined): Endpoint => ({
  path,
  server,
  resource: publicUrl + path,
  metadataUrl: publicUrl + wellKnown + path,
})
