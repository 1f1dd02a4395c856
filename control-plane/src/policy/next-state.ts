import { Settings } from '@bir/sdk/contract/settings'
import type { PolicyFile } from '@bir/sdk/contract/policy-file'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import { grantKey, newGrant } from '../grants/grants.ts'
import { EVERYONE } from '../holders/holder.ts'
import type { Holder, HolderName } from '../holders/holder.ts'
import { newRestriction, restrictionKey } from '../restrictions/restrictions.ts'
import { newServer } from '../servers/servers.ts'
import { isSameAddress, trustOf } from '../servers/update-definitions.ts'
import { differences } from '../settings/settings.ts'
import type { PolicyState } from './state.ts'
import type { DefinitionFacts, HolderRow, PolicyRows, ServerRow } from '../policy-rows/types.ts'

/** The policy after the file. What the file says again keeps its id, so that nothing moves that did not change. */
export function nextState(before: PolicyState, file: PolicyFile, userIds: ReadonlyMap<string, string>): PolicyState {
  const servers = file.servers ? nextServers(before.rows, file.servers) : before.rows.servers
  const groups = file.groups ? nextGroups(before.rows, file.groups) : before.rows.groups
  const groupIds = new Map(groups.map(({ id, handle }) => [handle, id]))
  const holder = (name: HolderName) => holderOf(name, userIds, groupIds)

  // What a holder or a server that goes away had goes with it, even where the section that lists it is absent.
  const serverIds = new Set(servers.map(({ id }) => id))
  const remains = new Set(groupIds.values())
  const stays = ({ kind, holderId, server }: HolderRow) => serverIds.has(server) && (kind !== 'group' || remains.has(holderId))

  const grants = file.grants?.map((grant) => newGrant(holder(grant), grant))
  const restrictions = file.restrictions?.map((restriction) => newRestriction(holder(restriction), restriction))
  return {
    rows: {
      servers,
      definitions: nextDefinitions(before.rows, servers),
      groups,
      grants: grants ? known(before.rows.grants, grants, grantKey) : before.rows.grants.filter(stays),
      restrictions: restrictions ? known(before.rows.restrictions, restrictions, restrictionKey) : before.rows.restrictions.filter(stays),
      settings: file.settings ? differences(Settings.parse(file.settings)) : before.rows.settings,
    },
    members: file.groups ? nextMembers(file.groups, groupIds, userIds) : before.members,
    handles: new Map([...before.handles, ...[...userIds].map(swap), ...[...groupIds].map(swap)]),
  }
}

type Section<K extends keyof PolicyFile> = NonNullable<PolicyFile[K]>

const swap = ([handle, id]: [string, string]): [string, string] => [id, handle]

function nextServers({ servers }: PolicyRows, section: Section<'servers'>) {
  const byId = new Map(servers.map((row) => [row.id, row]))
  return Object.entries(section).map(([id, server]) => newServer({ id, ...server }, byId.get(id)))
}

/** As storing the servers will leave them: none at an address nobody knows, none held back where the policy of trust no longer holds. */
function nextDefinitions({ servers, definitions }: PolicyRows, next: readonly ServerRow[]): DefinitionFacts[] {
  const before = new Map(servers.map((row) => [row.id, row]))
  const byServer = Map.groupBy(definitions, ({ server }) => server)
  return next.flatMap((row) => {
    const facts = byServer.get(row.id) ?? []
    if (!isSameAddress(before.get(row.id), row)) return offeredElsewhere(row)
    if (facts.length === 0) return []
    return trustOf(row) === 'hold' ? facts : released(facts)
  })

  /** A server under a new name is foretold by what it offers under its old one. */
  function offeredElsewhere(row: ServerRow): DefinitionFacts[] {
    const known = row.kind === 'remote' && servers.find((other) => isSameAddress(other, row))
    return known ? released(byServer.get(known.id) ?? []).map((fact) => ({ ...fact, server: row.id })) : []
  }
}

function released(facts: readonly DefinitionFacts[]): DefinitionFacts[] {
  const waiting = new Set(facts.filter(({ state }) => state === 'pending').map(({ name }) => name))
  const left = facts.filter(({ name, state }) => state === 'pending' || !waiting.has(name))
  return left.map((fact) => (fact.state === 'pending' ? { ...fact, state: 'approved' } : fact))
}

function nextGroups({ groups }: PolicyRows, section: Section<'groups'>) {
  const ids = new Map(groups.map(({ id, handle }) => [handle, id]))
  return Object.entries(section).map(([handle, { title }]) => ({ id: ids.get(handle) ?? uuidv7(), handle, title: title ?? null }))
}

function nextMembers(section: Section<'groups'>, groupIds: ReadonlyMap<string, string>, userIds: ReadonlyMap<string, string>) {
  return new Map(
    Object.entries(section).map(([handle, { members }]) => {
      const ids = new Set(members.map((member) => sure(userIds, member)))
      return [sure(groupIds, handle), [...ids].sort()]
    }),
  )
}

function holderOf({ user, group }: HolderName, userIds: ReadonlyMap<string, string>, groupIds: ReadonlyMap<string, string>): Holder {
  if (user !== undefined) return { kind: 'user', holderId: sure(userIds, user) }
  if (group !== undefined) return { kind: 'group', holderId: sure(groupIds, group) }
  return EVERYONE
}

/** The file's faults were looked for before: every name resolves. */
function sure(ids: ReadonlyMap<string, string>, name: string): string {
  const id = ids.get(name)
  if (id === undefined) throw new Error(`${name} was not looked up`)
  return id
}

function known<Row extends { id: string }>(before: Row[], after: Row[], key: (row: Row) => string): Row[] {
  const byKey = new Map(before.map((row) => [key(row), row]))
  return [...new Map(after.map((row) => [key(row), byKey.get(key(row)) ?? row])).values()]
}
