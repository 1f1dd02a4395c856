import { protocolFault } from '../../faults.ts'

const maxChars = 4096

/**
 * Where messages are posted to, from the `endpoint` event of the HTTP+SSE transport (2024-11-05, Transports). Throws
 * `UpstreamFault` when it leads to another origin than the server's address: the gateway calls only addresses that an
 * administrator registered.
 */
export function endpointOf(data: string, server: URL): URL {
  if (data.length > maxChars) throw protocolFault(`an endpoint of more than ${maxChars} characters`)
  const endpoint = URL.parse(data.trim(), server)
  if (!endpoint) throw protocolFault('an endpoint that is no URL')
  if (endpoint.origin !== server.origin)
    throw protocolFault(`an endpoint at another origin (${endpoint.origin.slice(0, 200)}) than the address of the server`)
  if (endpoint.username !== '' || endpoint.password !== '') throw protocolFault('an endpoint with a password in it')
  return endpoint
}
