import { decideServer } from '@bir/sdk/contract/decide-server'
import type { Awaitable } from '../pipeline/pipeline.ts'
import type { Ports } from '../pipeline/ports.ts'
import type { Authenticated, Incoming } from '../pipeline/types.ts'
import type { Asker } from '../upstream/upstream.ts'
import { instructions, serverInfo } from './envelope.ts'

/** What an endpoint says of itself to this caller. */
export interface EndpointDescription {
  readonly capabilities: Readonly<Record<string, unknown>>
  readonly serverInfo: Readonly<Record<string, unknown>>
  readonly instructions?: string | undefined
}

const plain: EndpointDescription = { capabilities: { tools: {} }, serverInfo, instructions }

/** `/mcp/{server}` speaks as the server itself, to those who may hear it; to everybody else, and on the aggregate, the gateway speaks. */
export function describeEndpoint({ upstream }: Pick<Ports, 'upstream'>, call: Incoming & Authenticated): Awaitable<EndpointDescription> {
  const { server } = call.endpoint
  const found = server === undefined ? undefined : upstream(server)
  if (!found || server === undefined || !decideServer(call.policy, call.person, server, 'read', Date.now()).allow) return plain
  return found
    .describe(askerOf(call))
    .then(({ capabilities, serverInfo: info = serverInfo, instructions: said }) => ({ capabilities, serverInfo: info, instructions: said }))
}

export const askerOf = ({ token, session, client }: Incoming & Authenticated): Asker => ({
  person: token.subject.id,
  session: session?.id,
  client,
})
