import type { Ports } from '../pipeline/ports.ts'
import type { Asked, Authenticated, Incoming } from '../pipeline/types.ts'
import { outbound } from './aggregate/outbound.ts'
import { withoutEnvelope } from './client-facts.ts'
import { routesOf } from './routes.ts'

/** Which server a request is for, and the request in that server's own words; undefined when it is for none. */
export function targetOf(
  ports: Pick<Ports, 'sealer' | 'offers'>,
  call: Incoming & Authenticated,
): { server: string; asked: Asked } | undefined {
  const { endpoint, method } = call
  const params = withoutEnvelope(call.params)
  if (endpoint.server !== undefined) return { server: endpoint.server, asked: { method, params } }
  const found = outbound(method, params, routesOf(ports, call))
  return found.server === undefined ? undefined : { server: found.server, asked: { method, params: found.params } }
}
