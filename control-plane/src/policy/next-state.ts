import { GatewaySettings } from '@bir/sdk/contract/settings'
import type { PolicyFile } from '@bir/sdk/contract/policy-file'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import { grantKey, newGrant } from '../grants/grants.ts'
import { EVERYONE } from '../holders/holder.ts'
import type { Holder, HolderName } from '../holders/holder.ts'
import { newRestriction, restrictionKey } from '../restrictions/restrictions.ts'
import { nextSections } from '../policy-sections/sections.ts'
import { nextAccounts } from '../service-accounts/declared.ts'
import type { AccountStanding } from '../service-accounts/declared.ts'
import { newServer } from '../servers/servers.ts'
import { isSameAddress, trustOf } from '../servers/update-definitions.ts'
import { nonDefaults } from '../settings/settings.ts'
import type { Standing } from '../users/declared.ts'
import type { PolicyState } from './state.ts'
import type { DefinitionFacts, HolderRow, PolicyRows, ServerRow } from '../policy-rows/types.ts'

/** Those whom a file names or declares, also those who do not exist yet. */
export interface Principals {
  /** Ids by handle. */
  userIds: ReadonlyMap<string, string>
  /** The ids of those who are service accounts. */
  services: ReadonlySet<string>
  standingOf: (handle: string) => Standing
  accountStandingOf: (handle: string) => AccountStanding
}

/** The policy after the file is applied. A row that the file repeats keeps its id, so that it counts as unchanged. */
export function nextState(
  current: PolicyState,
  file: PolicyFile,
  { userIds, services, standingOf, accountStandingOf }: Principals,
): PolicyState {
  const servers = file.servers ? nextServers(current.rows, file.servers) : current.rows.servers
  const groups = file.groups ? nextGroups(current.rows, file.groups) : current.rows.groups
  const groupIds = new Map(groups.map(({ id, handle }) => [handle, id]))
  const holder = (name: HolderName) => holderOf(name, userIds, groupIds)

  // A removed group or server takes its grants and restrictions with it, even if the file has no section for these.
  const serverIds = new Set(servers.map(({ id }) => id))
  const remainingGroupIds = new Set(groupIds.values())
  const stays = ({ kind, holderId, server }: HolderRow) => serverIds.has(server) && (kind !== 'group' || remainingGroupIds.has(holderId))

  const grants = file.grants?.map((grant) => newGrant(holder(grant), grant))
  const restrictions = file.restrictions?.map((restriction) => newRestriction(holder(restriction), restriction))
  return {
    rows: {
      servers,
      definitions: nextDefinitions(current.rows, servers),
      secrets: current.rows.secrets.filter(({ server }) => serverIds.has(server)),
      groups,
      grants: grants ? keepIds(current.rows.grants, grants, grantKey) : current.rows.grants.filter(stays),
      restrictions: restrictions
        ? keepIds(current.rows.restrictions, restrictions, restrictionKey)
        : current.rows.restrictions.filter(stays),
      settings: file.settings ? nonDefaults(GatewaySettings.parse(file.settings)) : current.rows.settings,
    },
    users: file.users ? nextUsers(file.users, userIds, standingOf) : current.users,
    serviceAccounts: file.serviceAccounts
      ? nextAccounts(file.serviceAccounts, (handle) => idOf(userIds, handle), accountStandingOf)
      : current.serviceAccounts,
    services: new Set([...current.services, ...services]),
    members: file.groups ? nextMembers(current, file.groups, groupIds, userIds) : current.members,
    given: current.given,
    sections: nextSections(current.sections, file),
    handles: new Map([...current.handles, ...[...userIds].map(swap), ...[...groupIds].map(swap)]),
  }
}

type Section<K extends keyof PolicyFile> = NonNullable<PolicyFile[K]>

const swap = ([handle, id]: [string, string]): [string, string] => [id, handle]

function nextServers({ servers }: PolicyRows, section: Section<'servers'>) {
  const byId = new Map(servers.map((row) => [row.id, row]))
  return Object.entries(section).map(([id, server]) => newServer({ id, ...server }, byId.get(id)))
}

/**
 * The definitions after the servers are stored. A server at a new address has none, except those that a server under
 * another id offers at that address. If the trust setting no longer holds definitions back, pending ones are
 * approved.
 */
function nextDefinitions({ servers, definitions }: PolicyRows, next: readonly ServerRow[]): DefinitionFacts[] {
  const currentServers = new Map(servers.map((row) => [row.id, row]))
  const byServer = Map.groupBy(definitions, ({ server }) => server)
  return next.flatMap((row) => {
    const facts = byServer.get(row.id) ?? []
    if (!isSameAddress(currentServers.get(row.id), row)) return offeredElsewhere(row)
    if (facts.length === 0) return []
    return trustOf(row) === 'hold' ? facts : approveAll(facts)
  })

  /** A server that is registered again under a new id: predicts its tools from those that its old id offers. */
  function offeredElsewhere(row: ServerRow): DefinitionFacts[] {
    const twin = row.kind === 'remote' && servers.find((server) => isSameAddress(server, row))
    return twin ? approveAll(byServer.get(twin.id) ?? []).map((fact) => ({ ...fact, server: row.id })) : []
  }
}

/** The definitions as they are when nothing is held back: the pending one of a tool replaces its approved one. */
function approveAll(facts: readonly DefinitionFacts[]): DefinitionFacts[] {
  const pendingNames = new Set(facts.filter(({ state }) => state === 'pending').map(({ name }) => name))
  const newest = facts.filter(({ name, state }) => state === 'pending' || !pendingNames.has(name))
  return newest.map((fact) => (fact.state === 'pending' ? { ...fact, state: 'approved' } : fact))
}

/** A group whose title the file does not name keeps it; an empty title takes it away. */
function nextGroups({ groups }: PolicyRows, section: Section<'groups'>) {
  const current = new Map(groups.map((group) => [group.handle, group]))
  return Object.entries(section).map(([handle, { title }]) => {
    const group = current.get(handle)
    return { id: group?.id ?? uuidv7(), handle, title: (title ?? group?.title) || null }
  })
}

const nextUsers = (section: Section<'users'>, userIds: ReadonlyMap<string, string>, standingOf: (handle: string) => Standing) =>
  new Map(Object.entries(section).map(([handle, entry]) => [handle, { id: idOf(userIds, handle), entry, standing: standingOf(handle) }]))

/** A group whose members the file does not name keeps those that it has. */
function nextMembers(
  current: PolicyState,
  section: Section<'groups'>,
  groupIds: ReadonlyMap<string, string>,
  userIds: ReadonlyMap<string, string>,
) {
  return new Map(
    Object.entries(section).map(([handle, { members }]): [string, readonly string[]] => {
      const group = idOf(groupIds, handle)
      if (!members) return [group, current.members.get(group) ?? []]
      const ids = new Set(members.map((member) => idOf(userIds, member)))
      return [group, [...ids].sort()]
    }),
  )
}

function holderOf(
  { user, service, group }: HolderName,
  userIds: ReadonlyMap<string, string>,
  groupIds: ReadonlyMap<string, string>,
): Holder {
  if (service !== undefined) return { kind: 'user', holderId: idOf(userIds, service) }
  if (user !== undefined) return { kind: 'user', holderId: idOf(userIds, user) }
  if (group !== undefined) return { kind: 'group', holderId: idOf(groupIds, group) }
  return EVERYONE
}

/** Every name resolves, because `fileFaults` has already refused files with unknown names. */
function idOf(ids: ReadonlyMap<string, string>, name: string): string {
  const id = ids.get(name)
  if (id === undefined) throw new Error(`${name} was not looked up`)
  return id
}

/** The rows after the file, without repetition. A row that existed before keeps its id. */
function keepIds<Row extends { id: string }>(currentRows: Row[], nextRows: Row[], key: (row: Row) => string): Row[] {
  const byKey = new Map(currentRows.map((row) => [key(row), row]))
  return [...new Map(nextRows.map((row) => [key(row), byKey.get(key(row)) ?? row])).values()]
}
