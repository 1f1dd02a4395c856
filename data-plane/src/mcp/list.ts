import { decideFor } from '@bir/sdk/contract/decide'
import { decideServer } from '@bir/sdk/contract/decide-server'
import { Cancel } from '../pipeline/cancel.ts'
import { MountedContext } from '../pipeline/mounted-context.ts'
import type { Awaitable } from '../pipeline/pipeline.ts'
import type { Ports } from '../pipeline/ports.ts'
import type { Audited, Authenticated, Incoming, Rendered } from '../pipeline/types.ts'
import type { UpstreamResult } from '../upstream/upstream.ts'
import { withoutEnvelope } from './client-facts.ts'
import { askerOf } from './describe.ts'
import { relayedJson, resultJson, uncached } from './envelope.ts'
import { isObject } from './json-rpc.ts'
import { mountedOffer, preparedTools } from './list-tools.ts'

type Call = Incoming & Audited & Authenticated
type Needs = Pick<Ports, 'servers' | 'upstream' | 'readSecret' | 'callLog'>

/** Which member of a list's result holds its entries. */
const members = {
  'tools/list': 'tools',
  'prompts/list': 'prompts',
  'resources/list': 'resources',
  'resources/templates/list': 'resourceTemplates',
} as const
export type ListMethod = keyof typeof members

/** A list as this caller may see it: a mounted server's tools from memory, all else as the server gives it, page by page, filtered by the same decisions that calls meet. */
export function list(ports: Needs, method: ListMethod): (call: Call) => Awaitable<Rendered> {
  const fromMemory = preparedTools(mountedOffer(ports.servers))

  return function list(call) {
    const id = call.endpoint.server
    if (method === 'tools/list' && (id === undefined || ports.servers.has(id))) return fromMemory(call)
    const server = id === undefined ? undefined : call.policy.servers.get(id)
    const upstream = id === undefined ? undefined : ports.upstream(id)
    const empty = { json: resultJson({ [members[method]]: [], ...(call.modern ? uncached : {}) }, call.modern) }
    if (id === undefined || !server || !upstream) return empty
    const verdict = decideServer(call.policy, call.person, id, 'read', Date.now())
    if (!verdict.allow && (method !== 'tools/list' || !call.person.grants.has(id))) return empty

    const target = {
      serverId: id,
      server,
      upstream,
      needs: 'read' as const,
      asked: { method, params: withoutEnvelope(call.params) },
      level: 'read' as const,
    }
    const request = {
      ...target.asked,
      ...askerOf(call),
      onNotification: () => undefined,
      cancel: new Cancel(),
      context: new MountedContext(ports, Object.assign(call, target)),
    }
    return Promise.resolve(upstream.request(request)).then((result) => ({
      json: relayedJson(method === 'tools/list' ? allowed(call, id, result) : result, method, call.modern),
    }))
  }
}

/** The same result where nothing is taken away. */
function allowed({ policy, person }: Call, server: string, result: UpstreamResult): UpstreamResult {
  const tools = Array.isArray(result.value['tools']) ? result.value['tools'] : []
  const nowMs = Date.now()
  const kept = tools.filter(
    (tool) => isObject(tool) && typeof tool['name'] === 'string' && decideFor(policy, person, server, tool['name'], nowMs).allow,
  )
  return kept.length === tools.length ? result : { value: { ...result.value, tools: kept } }
}
