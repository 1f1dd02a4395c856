import { canonical } from '@bir/sdk/contract/canonical'
import { Settings } from '@bir/sdk/contract/settings'
import { fileGrant, grantWords } from '../grants/grants.ts'
import { namesFrom } from '../holders/holder.ts'
import { fileRestriction, restrictionWords } from '../restrictions/restrictions.ts'
import type { PolicyState } from './state.ts'
import type { GroupRow, ServerRow } from '../policy-rows/types.ts'

export interface Difference<Row> {
  added: Row[]
  removed: Row[]
  changed: { before: Row; after: Row }[]
}

/** What became of the rows, by id. */
export function difference<Row extends { id: string }>(before: readonly Row[], after: readonly Row[]): Difference<Row> {
  const old = new Map(before.map((row) => [row.id, row]))
  const kept = new Set(after.map(({ id }) => id))
  return {
    added: after.filter(({ id }) => !old.has(id)),
    removed: before.filter(({ id }) => !kept.has(id)),
    changed: after.flatMap((row) => {
      const was = old.get(row.id)
      return was && canonical(was) !== canonical(row) ? [{ before: was, after: row }] : []
    }),
  }
}

/** What a file does to the policy, a sentence a row. Nothing when it says what is in force already. */
export function editsBetween(before: PolicyState, after: PolicyState): string[] {
  const name = namesFrom(new Map([...before.handles, ...after.handles]))
  const servers = difference(before.rows.servers, after.rows.servers)
  const groups = difference(before.rows.groups, after.rows.groups)
  const grants = difference(before.rows.grants, after.rows.grants)
  const restrictions = difference(before.rows.restrictions, after.rows.restrictions)
  return [
    ...servers.added.map(({ id }) => `add server ${id}`),
    ...servers.changed.map(serverWords),
    ...servers.removed.map(({ id }) => `remove server ${id}`),
    ...groups.added.map(({ handle }) => `add group ${handle}`),
    ...groups.changed.map(({ after: { handle, title } }) => `change group ${handle}: title ${title ?? 'none'}`),
    ...after.rows.groups.flatMap((group) => memberWords(group, before, after)),
    ...groups.removed.map(({ handle }) => `remove group ${handle}`),
    ...grants.removed.map((row) => `remove grant: ${grantWords(fileGrant(row, name(row)))}`).sort(),
    ...grants.added.map((row) => `add grant: ${grantWords(fileGrant(row, name(row)))}`),
    ...restrictions.removed.map((row) => `remove restriction: ${restrictionWords(fileRestriction(row, name(row)))}`).sort(),
    ...restrictions.added.map((row) => `add restriction: ${restrictionWords(fileRestriction(row, name(row)))}`),
    ...settingWords(before.rows.settings, after.rows.settings),
  ]
}

/** Names the parts, not their values: settings may be long. */
function serverWords({ before, after }: { before: ServerRow; after: ServerRow }): string {
  const parts = (['title', 'settings', 'labels'] as const).filter((part) => canonical(before[part]) !== canonical(after[part]))
  const names = parts.flatMap((part) => (part === 'settings' && after.kind === 'remote' ? settingNames(before, after) : [part]))
  return `change server ${after.id}: ${names.join(', ').replace('labels', 'tools')}`
}

/** A remote server's settings are few, and one of them, its address, makes it another server. */
function settingNames({ settings: before }: ServerRow, { settings: after }: ServerRow): string[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()
  return keys.filter((key) => canonical([before[key] ?? null]) !== canonical([after[key] ?? null]))
}

function memberWords({ id, handle }: GroupRow, before: PolicyState, after: PolicyState): string[] {
  const { came, left } = movement(before.members.get(id) ?? [], after.members.get(id) ?? [])
  const name = (userId: string) => after.handles.get(userId) ?? before.handles.get(userId) ?? userId
  return [
    ...(came.length === 0 ? [] : [`group ${handle}: ${came.map(name).sort().join(', ')} joins`]),
    ...(left.length === 0 ? [] : [`group ${handle}: ${left.map(name).sort().join(', ')} leaves`]),
  ]
}

export function movement(before: readonly string[], after: readonly string[]): { came: string[]; left: string[] } {
  const old = new Set(before)
  const kept = new Set(after)
  return { came: after.filter((id) => !old.has(id)), left: before.filter((id) => !kept.has(id)) }
}

function settingWords(before: Record<string, unknown>, after: Record<string, unknown>): string[] {
  const was = Settings.parse(before)
  return Object.entries(Settings.parse(after)).flatMap(([key, value]) => {
    const old = was[key as keyof Settings]
    return old === value ? [] : [`change setting ${key}: ${old} -> ${value}`]
  })
}
