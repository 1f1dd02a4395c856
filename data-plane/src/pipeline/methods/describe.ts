import { decideServer } from '@bir/sdk/contract/decide-server'
import type { Policy } from '@bir/sdk/contract/policy'
import type { Ports } from '../call/ports.ts'
import type { Authenticated, Incoming } from '../call/types.ts'
import type { Asker, Description } from '../../upstream/upstream.ts'
import { mergeCapabilities, mergeInstructions } from '../../aggregate/merge-capabilities.ts'
import { isObject } from '../../json/is-object.ts'
import { madeOf, ownWords } from '../../protocol/channel/cleared.ts'
import type { Cleared } from '../../protocol/channel/cleared.ts'
import { GATEWAY_IDENTITY } from '../../protocol/facts/gateway-identity.ts'
import type { OutgoingFilters } from '../filters/outgoing.ts'
import { INSTRUCTIONS } from './render.ts'
import type { Awaitable } from '../../runtime/awaitable.ts'
import { askerOf } from '../call/scope.ts'

/** What an endpoint says of itself to this caller. */
export interface EndpointDescription {
  readonly capabilities: Readonly<Record<string, unknown>>
  readonly serverInfo: Readonly<Record<string, unknown>>
  readonly instructions?: string | undefined
}

type Call = Incoming & Authenticated
type DescribePorts = Pick<Ports, 'upstream' | 'timers'>
type ClearedDescription = Cleared<EndpointDescription>

const ownDescription: ClearedDescription = ownWords({
  capabilities: { tools: { listChanged: true } },
  serverInfo: GATEWAY_IDENTITY,
  instructions: INSTRUCTIONS,
})

/** One server that does not answer holds up nobody for longer. */
const maxWaitMs = 2_000

/**
 * `/mcp/{server}` speaks as the server itself, to those who may hear it; on `/mcp`, and to everybody else, the gateway
 * speaks. So a server that does not exist and one that this person may not use are the same to them, and a grant that
 * comes later counts in the session that is open.
 */
export function describeEndpoint(ports: DescribePorts, outgoing: OutgoingFilters, call: Call): Awaitable<ClearedDescription> {
  const { server } = call.endpoint
  if (server === undefined) return describeAll(ports, outgoing, call)
  const upstream = ports.upstream(server)
  if (!upstream || !mayHear(call, server)) return ownDescription
  return upstream.describe(askerOf(call)).then((description) => clearDescription(outgoing, call, server, description))
}

/** What a server says of itself is a result like any other. */
async function clearDescription(
  outgoing: OutgoingFilters,
  call: Call,
  server: string,
  { capabilities, serverInfo = identityOf(call.policy, server), instructions }: Description,
): Promise<ClearedDescription> {
  const description = { capabilities: withListChanged(capabilities), serverInfo, instructions }
  const result = await outgoing.result({ value: description }, call.method, { ...contextOf(call), server })
  const { value } = result
  return madeOf([result], {
    capabilities: isObject(value['capabilities']) ? value['capabilities'] : {},
    serverInfo: isObject(value['serverInfo']) ? value['serverInfo'] : {},
    instructions: typeof value['instructions'] === 'string' ? value['instructions'] : undefined,
  })
}

const contextOf = ({ policy, person, token, endpoint }: Call) => ({ policy, person, token, endpoint })

/** For a server that does not say who it is. */
const identityOf = ({ servers }: Policy, server: string) => ({
  name: server,
  title: servers.get(server)?.title ?? server,
  version: GATEWAY_IDENTITY.version,
})

const mayHear = ({ policy, person }: Call, server: string) => decideServer(policy, person, server, 'read', Date.now()).allow

/** A list of the gateway changes with a person's permissions, whatever the server says of its own list. */
function withListChanged(capabilities: EndpointDescription['capabilities']): EndpointDescription['capabilities'] {
  const { tools } = capabilities
  return tools === undefined ? capabilities : { ...capabilities, tools: { ...(tools as object), listChanged: true } }
}

/**
 * Merges what the servers say of themselves, each cleared by itself: the parts are cleared, and the rest is the
 * gateway's own.
 */
async function describeAll(ports: DescribePorts, outgoing: OutgoingFilters, call: Call): Promise<ClearedDescription> {
  const ids = [...call.policy.servers.keys()].filter((id) => call.person.grants.has(id) && mayHear(call, id)).sort()
  const asker = askerOf(call)
  const answers = await Promise.all(
    ids.map(async (id) => {
      const description = await describeInTime(ports, id, asker)
      return description ? [{ id, cleared: await clearDescription(outgoing, call, id, description) }] : []
    }),
  )
  const descriptions = answers.flat()
  const capabilities = descriptions.map(({ id, cleared }) => ({ id, capabilities: cleared.capabilities }))
  const instructions = descriptions.map(({ id, cleared }) => ({
    id,
    title: call.policy.servers.get(id)?.title ?? id,
    instructions: cleared.instructions,
  }))
  return madeOf(
    descriptions.map(({ cleared }) => cleared),
    {
      capabilities: withListChanged(mergeCapabilities([{ id: '', capabilities: { tools: {} } }, ...capabilities])),
      serverInfo: GATEWAY_IDENTITY,
      instructions: mergeInstructions(INSTRUCTIONS, instructions),
    },
  )
}

/** Undefined for a server that does not answer in time: the others are not held up. */
function describeInTime({ upstream, timers }: DescribePorts, id: string, asker: Asker): Promise<Description | undefined> {
  const server = upstream(id)
  if (!server) return Promise.resolve(undefined)
  return new Promise((resolve) => {
    const stopTimer = timers.after(maxWaitMs, () => resolve(undefined))
    server
      .describe(asker)
      .then(resolve, () => resolve(undefined))
      .finally(stopTimer)
  })
}
