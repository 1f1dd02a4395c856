import { decideFor } from '@bir/sdk/contract/decide'
import { higher } from '@bir/sdk/contract/level'
import type { Policy, ServerPolicy } from '@bir/sdk/contract/policy'
import type { MountedServer } from '../servers/define.ts'

type Mounted = ReadonlyMap<string, MountedServer>

/** A policy as this plane's own code can serve it: tools it has not are not there, and no level is below the code's own unless an administrator labelled it so. */
export function fitTo(mounted: Mounted, policy: Policy): Policy {
  const servers = [...policy.servers].flatMap(([id, server]): [string, ServerPolicy][] => {
    if (server.kind === 'remote') return mounted.has(id) ? [] : [[id, server]]
    const own = mounted.get(id)
    return own ? [[id, { ...server, tools: fitTools(own, server) }]] : []
  })
  return { ...policy, servers: new Map(servers) }
}

function fitTools(own: MountedServer, { tools }: ServerPolicy): ServerPolicy['tools'] {
  return new Map(
    [...tools].flatMap(([name, entry]) => {
      const tool = own.tools.get(name)
      if (!tool) return []
      return [[name, entry.labelled ? entry : { ...entry, level: higher(entry.level, tool.level) }]]
    }),
  )
}

/** Why a policy cannot be served, in words; empty when it can. Asked before it replaces the one in force. */
export function selfCheck(mounted: Mounted, policy: Policy, nowMs: number): string[] {
  const faults = [...policy.servers].flatMap(([id, server]) =>
    (server.kind === 'mounted' ? (mounted.get(id)?.faults(server.settings) ?? []) : []).map((fault) => `server ${id}: ${fault}`),
  )
  if (policy.keys.tokenKeys.length === 0) faults.push('there is no key to verify tokens with')
  return [...faults, ...undecidable(policy, nowMs)]
}

/** Every class must be decidable on every server it names. */
function undecidable(policy: Policy, nowMs: number): string[] {
  return [...policy.classes].flatMap(([classKey, { profile, groups }]) => {
    const person = { handle: '', disabled: false, classKey, groups, grants: profile, selection: undefined }
    return [...profile.keys()].flatMap((server) => {
      try {
        for (const tool of policy.servers.get(server)?.tools.keys() ?? []) decideFor(policy, person, server, tool, nowMs)
        return []
      } catch (error) {
        return [`class ${classKey} cannot be decided on ${server}: ${String(error)}`]
      }
    })
  })
}
