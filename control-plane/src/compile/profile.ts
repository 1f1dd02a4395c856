import { EVERYONE_ID } from '@bir/db/schema'
import type { HolderKind } from '@bir/db/schema'
import { canonical } from '@bir/sdk/contract/canonical'
import type { Alternative, ProfileChunk, ServerGrants, Tier } from '@bir/sdk/contract/snapshot'
import type { TableRules } from '@bir/sdk/contract/tables'
import type { Holders } from './holders.ts'
import type { GrantRow, RestrictionRow } from '../policy-rows/types.ts'

const tierOf: Record<HolderKind, Tier> = { user: 'user', group: 'groups', everyone: 'everyone' }

/** What people of one class may do, by server. It no longer names holders, only alternatives with their expiry. */
export function compileProfile(holders: Holders, holderIds: readonly string[]): ProfileChunk {
  const holdings = [...holderIds, EVERYONE_ID].flatMap((id) => holders.byId.get(id) ?? [])
  const grants = Map.groupBy(
    holdings.flatMap(({ grants }) => grants),
    ({ server }) => server,
  )
  const restrictions = Map.groupBy(
    holdings.flatMap(({ restrictions }) => restrictions),
    ({ server }) => server,
  )

  const servers = [...new Set([...grants.keys(), ...restrictions.keys()])].sort()
  return {
    servers: Object.fromEntries(
      servers.map((server) => [server, { ...tiers(grants.get(server) ?? []), ...connections(restrictions.get(server) ?? []) }]),
    ),
  }
}

function tiers(grants: GrantRow[]): ServerGrants {
  const byTier = Map.groupBy(grants, ({ kind }) => tierOf[kind])
  return Object.fromEntries([...byTier].map(([tier, grants]) => [tier, alternatives(grants)]))
}

/** Sorted and without repetition, so that the bytes do not depend on the holder or the age of a grant. */
function alternatives(grants: GrantRow[]): Alternative[] {
  const byBytes = new Map(grants.map(alternativeOf).map((alternative) => [canonical(alternative), alternative]))
  return [...byBytes].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, alternative]) => alternative)
}

const alternativeOf = ({ level, allow, deny, expiresAtMs }: GrantRow): Alternative => ({
  level,
  ...(allow === null ? {} : { allow: union([allow]) }),
  ...(deny === null || deny.length === 0 ? {} : { deny: union([deny]) }),
  ...(expiresAtMs === null ? {} : { expiresAtMs }),
})

/**
 * The union of all allowed tables, the union of all denied ones, and the lowest limits. A connection without an
 * allowed table is left out.
 */
function connections(restrictions: RestrictionRow[]): Pick<ServerGrants, 'connections'> {
  const byConnection = Map.groupBy(restrictions, ({ connection }) => connection)
  const rules = [...byConnection].map(([name, rows]) => [name, tableRules(rows)] as const).filter(([, { allow }]) => allow.length > 0)
  return rules.length === 0 ? {} : { connections: Object.fromEntries(rules) }
}

function tableRules(rows: RestrictionRow[]): TableRules {
  const maxRows = lowest(rows.map((row) => row.maxRows))
  const timeoutMs = lowest(rows.map((row) => row.timeoutMs))
  return {
    allow: union(rows.map(({ allow }) => allow ?? [])),
    deny: union(rows.map(({ deny }) => deny ?? [])),
    hide: columns(rows.map(({ hide }) => hide ?? {})),
    mask: columns(rows.map(({ mask }) => mask ?? {})),
    ...(maxRows === undefined ? {} : { maxRows }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  }
}

function columns(tableColumns: Record<string, string[]>[]): Record<string, string[]> {
  const byTable = Map.groupBy(
    tableColumns.flatMap((tables) => Object.entries(tables)),
    ([table]) => table,
  )
  return Object.fromEntries([...byTable].map(([table, entries]) => [table, union(entries.map(([, names]) => names))]))
}

const union = (lists: string[][]): string[] => [...new Set(lists.flat())].sort()

function lowest(limits: (number | null)[]): number | undefined {
  const numbers = limits.filter((limit) => limit !== null)
  return numbers.length === 0 ? undefined : Math.min(...numbers)
}
