import { decideFor, nextExpiryMs } from '@bir/sdk/contract/decide'
import { GatewayError } from '@bir/sdk/contract/errors'
import type { Person, Policy } from '@bir/sdk/contract/policy'
import type { Ports } from '../pipeline/ports.ts'
import type { Authenticated, Incoming, Rendered } from '../pipeline/types.ts'
import type { Endpoint } from './endpoint.ts'
import { resultJson, uncached } from './envelope.ts'
import { joinedName } from './tool-names.ts'

/** Lists kept per policy; more kinds of people than this are made anew. */
const most = 5_000

interface Prepared {
  readonly json: string
  readonly untilMs: number
}

/** A tool as its server lists it, and the server. */
export interface Listed {
  readonly server: string
  readonly name: string
  readonly entry: object
}

/**
 * `tools/list` of what lies in memory: each tool is asked of the same `decide` that calls are. The bytes are made once per
 * policy, kind of person, endpoint and era, until a grant in them expires or what servers offer changes.
 */
export function preparedTools(listed: (server: string | undefined) => readonly Listed[]): (call: Incoming & Authenticated) => Rendered {
  const prepared = new WeakMap<Policy, WeakMap<readonly Listed[], Map<string, Prepared>>>()

  return function preparedTools(call) {
    if (call.params['cursor'] !== undefined)
      throw new GatewayError('invalidParams', 'a cursor that was never given out', { say: 'Unknown cursor.' })
    const offered = listed(call.endpoint.server)
    const byOffer = prepared.get(call.policy) ?? new WeakMap<readonly Listed[], Map<string, Prepared>>()
    prepared.set(call.policy, byOffer)
    const known = byOffer.get(offered) ?? new Map<string, Prepared>()
    byOffer.set(offered, known)
    const nowMs = Date.now()
    const key = `${call.endpoint.path} ${call.modern} ${call.person.classKey} ${call.person.selection ? call.token.subject.id : ''}`
    const ready = known.get(key)
    if (ready && nowMs < ready.untilMs) return ready

    const tools = visible(offered, call.policy, call.person, call.endpoint, nowMs)
    const made = { json: resultJson({ tools, ...(call.modern ? uncached : {}) }, call.modern), untilMs: nextExpiryMs(call.person, nowMs) }
    if (known.size > most) known.clear()
    known.set(key, made)
    return made
  }
}

/** What a person may call of what is offered, as an endpoint names it. */
export function visible(offered: readonly Listed[], policy: Policy, person: Person, endpoint: Endpoint, nowMs: number): object[] {
  return offered.flatMap(({ server, name, entry }) => {
    if (!decideFor(policy, person, server, name, nowMs).allow) return []
    return [endpoint.server === undefined ? { ...entry, name: joinedName({ server, tool: name }) } : entry]
  })
}

/** The mounted servers' tools, in order; one array per server and one for all, for good. */
export function mountedOffer(servers: Ports['servers']): (server: string | undefined) => readonly Listed[] {
  const of = (id: string): Listed[] => [...(servers.get(id)?.tools.values() ?? [])].map(({ name, entry }) => ({ server: id, name, entry }))
  const byServer = new Map([...servers.keys()].sort().map((id) => [id, of(id)]))
  const all = [...byServer.values()].flat()
  const none: Listed[] = []
  return (server) => (server === undefined ? all : (byServer.get(server) ?? none))
}
