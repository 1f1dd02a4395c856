import { canonical } from '@bir/sdk/contract/canonical'
import { GatewaySettings } from '@bir/sdk/contract/settings'
import { fileGrant, describeGrant, isOver } from '../grants/grants.ts'
import { holderNamer } from '../holders/holder.ts'
import { fileRestriction, describeRestriction } from '../restrictions/restrictions.ts'
import { sectionEdits } from '../policy-sections/section-edits.ts'
import { accountEdits } from '../service-accounts/declared.ts'
import { declaredEdits } from '../users/declared.ts'
import type { PolicyState } from './state.ts'
import type { GroupRow, ServerRow } from '../policy-rows/types.ts'

export interface Difference<Row> {
  added: Row[]
  removed: Row[]
  changed: { before: Row; after: Row }[]
}

/** Compares rows by their id. */
export function difference<Row extends { id: string }>(before: readonly Row[], after: readonly Row[]): Difference<Row> {
  const oldRows = new Map(before.map((row) => [row.id, row]))
  const newIds = new Set(after.map(({ id }) => id))
  return {
    added: after.filter(({ id }) => !oldRows.has(id)),
    removed: before.filter(({ id }) => !newIds.has(id)),
    changed: after.flatMap((row) => {
      const oldRow = oldRows.get(row.id)
      return oldRow && canonical(oldRow) !== canonical(row) ? [{ before: oldRow, after: row }] : []
    }),
  }
}

/** The servers and groups that a file leaves out. */
export const removedRows = (before: PolicyState, after: PolicyState) => ({
  servers: difference(before.rows.servers, after.rows.servers).removed,
  groups: difference(before.rows.groups, after.rows.groups).removed,
})

/** What a file changes in the policy: one line per row. Empty if the file describes the policy that is in force. */
export function editsBetween(before: PolicyState, after: PolicyState, nowMs = Date.now()): string[] {
  const name = holderNamer(new Map([...before.handles, ...after.handles]), new Set([...before.services, ...after.services]))
  const servers = difference(before.rows.servers, after.rows.servers)
  const groups = difference(before.rows.groups, after.rows.groups)
  const grants = difference(before.rows.grants, after.rows.grants)
  const restrictions = difference(before.rows.restrictions, after.rows.restrictions)
  return [
    ...servers.added.map(({ id }) => `add server ${id}`),
    ...servers.changed.map(serverEdit),
    ...servers.removed.map(({ id }) => `remove server ${id}`),
    ...declaredEdits(before.users, after.users),
    ...accountEdits(before.serviceAccounts, after.serviceAccounts),
    ...groups.added.map(({ handle }) => `add group ${handle}`),
    ...groups.changed.map(({ after: { handle, title } }) => `change group ${handle}: title ${title ?? 'none'}`),
    ...after.rows.groups.flatMap((group) => memberEdits(group, before, after)),
    ...groups.removed.map(({ handle }) => `remove group ${handle}`),
    ...grants.removed.map((row) => `remove grant: ${describeGrant(fileGrant(row, name(row)))}`).sort(),
    // Not refused: an exported file may hold grants that were over by then.
    ...grants.added.map(
      (row) => `add grant: ${describeGrant(fileGrant(row, name(row)))}${isOver(row.expiresAtMs, nowMs) ? ', which is over already' : ''}`,
    ),
    ...restrictions.removed.map((row) => `remove restriction: ${describeRestriction(fileRestriction(row, name(row)))}`).sort(),
    ...restrictions.added.map((row) => `add restriction: ${describeRestriction(fileRestriction(row, name(row)))}`),
    ...settingEdits(before.rows.settings, after.rows.settings),
    ...sectionEdits(before.sections, after.sections),
  ]
}

/** Names the parts that changed, without their values: settings may be long. */
function serverEdit({ before, after }: { before: ServerRow; after: ServerRow }): string {
  const parts = (['title', 'settings', 'labels', 'secret'] as const).filter((part) => canonical(before[part]) !== canonical(after[part]))
  const names = parts.flatMap((part) => (part === 'settings' && after.kind === 'remote' ? settingNames(before, after) : [part]))
  return `change server ${after.id}: ${names.join(', ').replace('labels', 'tools')}`
}

/** For a remote server it names each setting: there are few, and a new `url` makes it another server. */
function settingNames({ settings: before }: ServerRow, { settings: after }: ServerRow): string[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()
  return keys.filter((key) => canonical([before[key] ?? null]) !== canonical([after[key] ?? null]))
}

/** Whom the identity provider makes a member is one before and after: then only the file's own word comes or goes. */
function memberEdits({ id, handle }: GroupRow, before: PolicyState, after: PolicyState): string[] {
  const { joined, left } = memberChanges(before.members.get(id) ?? [], after.members.get(id) ?? [])
  const given = new Set(before.given.get(id))
  const name = (userId: string) => after.handles.get(userId) ?? before.handles.get(userId) ?? userId
  const line = (userIds: string[], words: string) =>
    userIds.length === 0 ? [] : [`group ${handle}: ${userIds.map(name).sort().join(', ')} ${words}`]
  const isGiven = (userId: string) => given.has(userId)
  const isNotGiven = (userId: string) => !given.has(userId)
  return [
    ...line(joined.filter(isNotGiven), 'joins'),
    ...line(joined.filter(isGiven), 'is declared a member too, and stays one whatever the identity provider says'),
    ...line(left.filter(isNotGiven), 'leaves'),
    ...line(left.filter(isGiven), 'is declared a member no more, and stays one by the identity provider'),
  ]
}

/** The ids of those who joined and of those who left. */
export function memberChanges(before: readonly string[], after: readonly string[]): { joined: string[]; left: string[] } {
  const oldIds = new Set(before)
  const newIds = new Set(after)
  return { joined: after.filter((id) => !oldIds.has(id)), left: before.filter((id) => !newIds.has(id)) }
}

function settingEdits(before: Record<string, unknown>, after: Record<string, unknown>): string[] {
  const oldValues = new Map(settingValues(GatewaySettings.parse(before)))
  return settingValues(GatewaySettings.parse(after)).flatMap(([key, value]) => {
    const oldValue = oldValues.get(key)
    return oldValue === value ? [] : [`change setting ${key}: ${oldValue} -> ${value}`]
  })
}

/** Every value as text, with its name. That of a value in a group is as in `session.idleMs`. */
function settingValues(settings: object): [string, string][] {
  return Object.entries(settings).flatMap(([key, value]: [string, unknown]): [string, string][] => {
    if (typeof value !== 'object' || value === null) return [[key, typeof value === 'string' ? value : JSON.stringify(value)]]
    return settingValues(value).map(([inner, text]) => [`${key}.${inner}`, text])
  })
}
