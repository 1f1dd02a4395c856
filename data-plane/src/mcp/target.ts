import type { Asked, Authenticated, Incoming } from '../pipeline/types.ts'
import { withoutEnvelope } from './client-facts.ts'

/** Which server a request is for, and the request in that server's own words; undefined when it is for none. */
export function targetOf({ endpoint, method, params }: Incoming & Authenticated): { server: string; asked: Asked } | undefined {
  if (endpoint.server === undefined) return undefined
  return { server: endpoint.server, asked: { method, params: withoutEnvelope(params) } }
}
