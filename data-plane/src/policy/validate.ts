import { decideFor } from '@bir/sdk/contract/decide'
import { higher } from '@bir/sdk/contract/level'
import type { Person, Policy, Profile, ServerPolicy } from '@bir/sdk/contract/policy'
import type { MountedServer } from '../server-kit/define.ts'
import type { TimeSlice } from '../runtime/time-slice.ts'

type Mounted = ReadonlyMap<string, MountedServer>

/** A policy as this plane's own code can serve it: tools it has not are not there, and no level is below the code's own unless an administrator labelled it so. */
export function restrictToMounted(mounted: Mounted, policy: Policy): Policy {
  const servers = [...policy.servers].flatMap(([id, server]): [string, ServerPolicy][] => {
    if (server.kind === 'remote') return mounted.has(id) ? [] : [[id, server]]
    const own = mounted.get(id)
    return own ? [[id, { ...server, tools: restrictTools(own, server) }]] : []
  })
  return { ...policy, servers: new Map(servers) }
}

function restrictTools(own: MountedServer, { tools }: ServerPolicy): ServerPolicy['tools'] {
  return new Map(
    [...tools].flatMap(([name, entry]) => {
      const tool = own.tools.get(name)
      if (!tool) return []
      return [[name, entry.labelled ? entry : { ...entry, level: higher(entry.level, tool.level) }]]
    }),
  )
}

/** What was found good before: the servers of the policy in force, and its profiles on them. */
export interface Approved {
  readonly servers: Policy['servers'] | undefined
  readonly profiles: ReadonlySet<Profile>
}

/** Why a policy cannot be served, in words; empty when it can. Asked before it replaces the one in force, of all that is new in it. */
export async function validatePolicy(
  mounted: Mounted,
  policy: Policy,
  before: Approved,
  nowMs: number,
  turn: TimeSlice,
): Promise<string[]> {
  const sameServers = policy.servers === before.servers
  const faults = sameServers ? [] : settingsFaults(mounted, policy)
  if (policy.keys.tokenKeys.length === 0) faults.push('there is no key to verify tokens with')

  const seen = new Set(sameServers ? before.profiles : [])
  for (const [classKey, { profile, groups }] of policy.classes) {
    if (seen.has(profile)) continue
    seen.add(profile)
    const person = { handle: '', disabled: false, classKey, groups, grants: profile, selection: undefined }
    for (const server of profile.keys()) {
      faults.push(...undecidable(policy, person, server, nowMs))
      await turn.yieldIfSpent()
    }
  }
  return faults
}

const settingsFaults = (mounted: Mounted, { servers }: Policy): string[] =>
  [...servers].flatMap(([id, server]) =>
    (server.kind === 'mounted' ? (mounted.get(id)?.faults(server.settings) ?? []) : []).map((fault) => `server ${id}: ${fault}`),
  )

/** Every class must be decidable on every server it names. */
function undecidable(policy: Policy, person: Person, server: string, nowMs: number): string[] {
  try {
    for (const tool of policy.servers.get(server)?.tools.keys() ?? []) decideFor(policy, person, server, tool, nowMs)
    return []
  } catch (error) {
    return [`class ${person.classKey} cannot be decided on ${server}: ${String(error)}`]
  }
}
