import { canonical } from '@bir/sdk/contract/canonical'
import type { FileGrant, FileRestriction, PolicyFile } from '@bir/sdk/contract/policy-file'
import { isNoMemberText, isPersonText, isServiceText } from '../holders/holder.ts'
import { connectionFaults, serverFaults, unknownTools } from '../servers/faults.ts'
import type { Mountable } from '../compile/compile.ts'
import type { PolicyState } from './state.ts'

interface FaultContext {
  before: PolicyState
  /** The ids of the people in the file who exist, by handle. */
  userIds: ReadonlyMap<string, string>
  /** The ids of those of them who are service accounts. */
  services: ReadonlySet<string>
  catalog: Mountable
}

/** Everything in the file that does not exist or is not possible. Each fault names its place in the file. */
export function fileFaults(file: PolicyFile, context: FaultContext): string[] {
  const { servers = {}, groups = {}, grants = [], restrictions = [] } = file
  const settingsOf = serverSettings(file, context.before)
  const holderFaults = faultsOfHolders(file, context)

  return [
    ...Object.entries(servers).flatMap(([id, server]) => at(`servers.${id}`, serverFaults(context.catalog, id, server))),
    ...Object.entries(groups).flatMap(([handle, { members = [] }]) =>
      at(
        `groups.${handle}`,
        members.flatMap((member) => memberFaults(context, member)),
      ),
    ),
    ...grants.flatMap((grant, index) =>
      at(`grants[${index}]`, [...holderFaults(grant), ...grantFaults(grant, settingsOf, context.catalog), ...repeats(grants, index)]),
    ),
    ...restrictions.flatMap((restriction, index) =>
      at(`restrictions[${index}]`, [
        ...holderFaults(restriction),
        ...restrictionFaults(restriction, settingsOf),
        ...repeats(restrictions, index),
      ]),
    ),
  ]
}

const at = (place: string, faults: string[]) => faults.map((fault) => `${place}: ${fault}`)

type SettingsOf = ReadonlyMap<string, Record<string, unknown>>

/** The settings of each server after the file: those of the file if it lists servers, else those in force. */
function serverSettings({ servers }: PolicyFile, { rows }: PolicyState): SettingsOf {
  if (!servers) return new Map(rows.servers.map(({ id, settings }) => [id, settings]))
  return new Map(Object.entries(servers).map(([id, server]) => [id, (server.kind === 'mounted' && server.settings) || {}]))
}

function faultsOfHolders({ groups }: PolicyFile, context: FaultContext) {
  const handles = new Set(groups ? Object.keys(groups) : context.before.rows.groups.map(({ handle }) => handle))
  return ({ user, service, group }: FileGrant | FileRestriction): string[] => {
    if (service !== undefined) return serviceFaults(context, service)
    if (user !== undefined) return personFaults(context, user)
    return group === undefined || handles.has(group) ? [] : [`there is no group ${group}`]
  }
}

function personFaults({ userIds, services }: FaultContext, handle: string): string[] {
  const id = userIds.get(handle)
  if (id === undefined) return [`there is no person ${handle}`]
  return services.has(id) ? [isServiceText(handle)] : []
}

function serviceFaults({ userIds, services }: FaultContext, handle: string): string[] {
  const id = userIds.get(handle)
  if (id === undefined) return [`there is no service account ${handle}`]
  return services.has(id) ? [] : [isPersonText(handle)]
}

/** Groups are of people: the provider says who is in them, and knows no service accounts. */
function memberFaults(context: FaultContext, handle: string): string[] {
  const id = context.userIds.get(handle)
  if (id !== undefined && context.services.has(id)) return [isNoMemberText(handle)]
  return personFaults(context, handle)
}

function grantFaults({ server, tools }: FileGrant, settingsOf: SettingsOf, catalog: Mountable): string[] {
  if (!settingsOf.has(server)) return [`there is no server ${server}`]
  return unknownTools(catalog, server, [...(tools?.allow ?? []), ...(tools?.deny ?? [])])
}

function restrictionFaults({ server, connection }: FileRestriction, settingsOf: SettingsOf): string[] {
  const settings = settingsOf.get(server)
  return settings ? connectionFaults({ id: server, settings }, connection) : [`there is no server ${server}`]
}

function repeats(list: readonly unknown[], index: number): string[] {
  const first = list.findIndex((other) => canonical(other) === canonical(list[index]))
  return first < index ? [`says the same as [${first}]`] : []
}
