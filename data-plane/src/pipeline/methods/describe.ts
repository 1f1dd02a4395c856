import { decideServer } from '@bir/sdk/contract/decide-server'
import type { Ports } from '../call/ports.ts'
import type { Authenticated, Incoming } from '../call/types.ts'
import type { Asker, Description } from '../../upstream/upstream.ts'
import { mergeCapabilities, mergeInstructions } from '../../aggregate/merge-capabilities.ts'
import { INSTRUCTIONS, SERVER_INFO } from './render.ts'
import type { Awaitable } from '../../runtime/awaitable.ts'
import { askerOf } from '../call/scope.ts'

/** What an endpoint says of itself to this caller. */
export interface EndpointDescription {
  readonly capabilities: Readonly<Record<string, unknown>>
  readonly serverInfo: Readonly<Record<string, unknown>>
  readonly instructions?: string | undefined
}

type Call = Incoming & Authenticated
type Needs = Pick<Ports, 'upstream' | 'timers'>

const plain: EndpointDescription = { capabilities: { tools: { listChanged: true } }, serverInfo: SERVER_INFO, instructions: INSTRUCTIONS }

/** One server that does not answer holds nobody up for longer. */
const longestMs = 2_000

/** `/mcp/{server}` speaks as the server itself, to those who may hear it; on the aggregate, and to everybody else, the gateway speaks. */
export function describeEndpoint(ports: Needs, call: Call): Awaitable<EndpointDescription> {
  const { server } = call.endpoint
  if (server === undefined) return together(ports, call)
  const found = ports.upstream(server)
  if (!found || !mayHear(call, server)) return plain
  return found.describe(askerOf(call)).then(({ capabilities, serverInfo: info = SERVER_INFO, instructions: said }) => ({
    capabilities: withListChanged(capabilities),
    serverInfo: info,
    instructions: said,
  }))
}

const mayHear = ({ policy, person }: Call, server: string) => decideServer(policy, person, server, 'read', Date.now()).allow

/** A list of ours changes with a person's permissions, whatever the server says of its own. */
function withListChanged(capabilities: EndpointDescription['capabilities']): EndpointDescription['capabilities'] {
  const { tools } = capabilities
  return tools === undefined ? capabilities : { ...capabilities, tools: { ...(tools as object), listChanged: true } }
}

async function together(ports: Needs, call: Call): Promise<EndpointDescription> {
  const ids = [...call.policy.servers.keys()].filter((id) => call.person.grants.has(id) && mayHear(call, id)).sort()
  const asker = askerOf(call)
  const said = await Promise.all(ids.map((id) => answerOf(ports, id, asker)))
  const known = said.flatMap((each) => each ?? [])
  return {
    capabilities: withListChanged(mergeCapabilities([{ id: '', capabilities: { tools: {} } }, ...known])),
    serverInfo: SERVER_INFO,
    instructions: mergeInstructions(
      INSTRUCTIONS,
      known.map(({ id, instructions: own }) => ({ id, title: call.policy.servers.get(id)?.title ?? id, instructions: own })),
    ),
  }
}

/** Undefined for a server that does not answer in time: the others are not held up. */
function answerOf({ upstream, timers }: Needs, id: string, asker: Asker): Promise<(Description & { id: string }) | undefined> {
  const found = upstream(id)
  if (!found) return Promise.resolve(undefined)
  return new Promise((resolve) => {
    const stop = timers.after(longestMs, () => resolve(undefined))
    found
      .describe(asker)
      .then(
        (description) => resolve({ ...description, id }),
        () => resolve(undefined),
      )
      .finally(stop)
  })
}
