import { decideFor } from '@bir/sdk/contract/decide'
import { higher } from '@bir/sdk/contract/level'
import type { Person, Policy, Profile, ServerPolicy } from '@bir/sdk/contract/policy'
import type { MountedServer } from '../server-kit/define.ts'
import type { TimeSlice } from '../runtime/time-slice.ts'

type Mounted = ReadonlyMap<string, MountedServer>

/**
 * Restricts a policy to what this plane's mounted servers can serve. Tools that the code does not have are removed.
 * A tool's level is raised to that of the code, unless an administrator labelled the tool.
 */
export function restrictToMounted(mounted: Mounted, policy: Policy): Policy {
  const servers = [...policy.servers].flatMap(([id, server]): [string, ServerPolicy][] => {
    if (server.kind === 'remote') return mounted.has(id) ? [] : [[id, server]]
    const mountedServer = mounted.get(id)
    return mountedServer ? [[id, { ...server, tools: restrictTools(mountedServer, server) }]] : []
  })
  return { ...policy, servers: new Map(servers) }
}

function restrictTools(mountedServer: MountedServer, { tools }: ServerPolicy): ServerPolicy['tools'] {
  return new Map(
    [...tools].flatMap(([name, entry]) => {
      const tool = mountedServer.tools.get(name)
      if (!tool) return []
      return [[name, entry.labelled ? entry : { ...entry, level: higher(entry.level, tool.level) }]]
    }),
  )
}

/** What was validated before: the servers and profiles of the policy in force. */
export interface Approved {
  readonly servers: Policy['servers'] | undefined
  readonly profiles: ReadonlySet<Profile>
}

/**
 * The reasons why a policy cannot be served; empty when it can. Checked before the policy replaces the one in force.
 * Skips what was approved before.
 */
export async function validatePolicy(
  mounted: Mounted,
  policy: Policy,
  approved: Approved,
  nowMs: number,
  slice: TimeSlice,
): Promise<string[]> {
  const sameServers = policy.servers === approved.servers
  const faults = sameServers ? [] : settingsFaults(mounted, policy)
  if (policy.keys.tokenKeys.length === 0) faults.push('there is no key to verify tokens with')

  const checkedProfiles = new Set(sameServers ? approved.profiles : [])
  for (const [classKey, { profile, groups }] of policy.classes) {
    if (checkedProfiles.has(profile)) continue
    checkedProfiles.add(profile)
    const person = {
      id: '',
      secretOf: () => undefined,
      handle: '',
      disabled: false,
      classKey,
      groups,
      grants: profile,
      selection: undefined,
    }
    for (const server of profile.keys()) {
      faults.push(...decisionFaults(policy, person, server, nowMs))
      await slice.yieldIfSpent()
    }
  }
  return faults
}

const settingsFaults = (mounted: Mounted, { servers }: Policy): string[] =>
  [...servers].flatMap(([id, server]) =>
    (server.kind === 'mounted' ? (mounted.get(id)?.faultsInPolicy(server.settings) ?? []) : []).map((fault) => `server ${id}: ${fault}`),
  )

/** A decision must be possible for every class on every server that its profile names. */
function decisionFaults(policy: Policy, person: Person, server: string, nowMs: number): string[] {
  try {
    for (const tool of policy.servers.get(server)?.tools.keys() ?? []) decideFor(policy, person, server, tool, nowMs)
    return []
  } catch (error) {
    return [`class ${person.classKey} cannot be decided on ${server}: ${String(error)}`]
  }
}
