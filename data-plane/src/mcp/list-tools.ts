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

/** `tools/list`: each tool is asked of the same `decide` that calls are. The bytes are made once per policy, kind of person, endpoint and era, until a grant in them expires. */
export function listTools({ servers }: Pick<Ports, 'servers'>): (call: Incoming & Authenticated) => Rendered {
  const prepared = new WeakMap<Policy, Map<string, Prepared>>()

  return function listTools(call) {
    if (call.params['cursor'] !== undefined)
      throw new GatewayError('invalidParams', 'a cursor that was never given out', { say: 'Unknown cursor.' })
    const known = prepared.get(call.policy) ?? new Map<string, Prepared>()
    prepared.set(call.policy, known)
    const nowMs = Date.now()
    const key = `${call.endpoint.path} ${call.modern} ${call.person.classKey} ${call.person.selection ? call.token.subject.id : ''}`
    const ready = known.get(key)
    if (ready && nowMs < ready.untilMs) return ready

    const made = { json: render(servers, call, nowMs), untilMs: nextExpiryMs(call.person, nowMs) }
    if (known.size > most) known.clear()
    known.set(key, made)
    return made
  }
}

function render(servers: Ports['servers'], { policy, person, endpoint, modern }: Incoming & Authenticated, nowMs: number): string {
  const tools = visible(servers, policy, person, endpoint, nowMs)
  return resultJson({ tools, ...(modern ? uncached : {}) }, modern)
}

function visible(servers: Ports['servers'], policy: Policy, person: Person, endpoint: Endpoint, nowMs: number): object[] {
  const ids = endpoint.server === undefined ? [...policy.servers.keys()].sort() : [endpoint.server]
  return ids.flatMap((server) =>
    [...(servers.get(server)?.tools.values() ?? [])].flatMap(({ name: tool, entry }) => {
      if (!decideFor(policy, person, server, tool, nowMs).allow) return []
      return [endpoint.server === undefined ? { ...entry, name: joinedName({ server, tool }) } : entry]
    }),
  )
}
