import type { MountedServer } from '@bir/data-plane/catalog'
import { inferLevel } from '@bir/sdk/contract/infer-level'
import type { Level } from '@bir/sdk/contract/level'
import { RemoteSettings } from '@bir/sdk/contract/remote'
import { Settings } from '@bir/sdk/contract/settings'
import type {
  MountedEntry,
  RemoteEntry,
  RevocationsChunk,
  ServerEntry,
  ServersChunk,
  SettingsChunk,
  ToolEntry,
} from '@bir/sdk/contract/snapshot'
import type { DefinitionFacts, PolicyRows, ServerRow } from '../policy-rows/types.ts'
import { serverSecret } from './secrets.ts'

/* Compiles rows to chunks. Pure functions without a clock: the same rows, in any order, give the same bytes. */

export type Mountable = ReadonlyMap<string, MountedServer>

/** A server that this version cannot mount keeps its row but has no tools, so it lists nothing. */
export function compileServers(
  rows: readonly ServerRow[],
  mountable: Mountable,
  definitions: readonly DefinitionFacts[] = [],
  { groups, secrets }: Pick<PolicyRows, 'groups' | 'secrets'> = { groups: [], secrets: [] },
): ServersChunk {
  const groupHandles = new Map(groups.map(({ id, handle }) => [id, handle]))
  const offered = Map.groupBy(
    definitions.filter(({ state }) => state === 'approved'),
    ({ server }) => server,
  )
  const entry = (row: ServerRow): ServerEntry => {
    const mounted = mountable.get(row.id)
    const secret = serverSecret(row, mounted, secrets, groupHandles)
    const server = row.kind === 'remote' ? remoteEntry(row, offered.get(row.id) ?? []) : mountedEntry(row, mounted)
    return { ...server, ...(secret && { secret }) }
  }
  return { servers: Object.fromEntries(rows.map((row) => [row.id, entry(row)])) }
}

function mountedEntry({ id, title, settings, labels }: ServerRow, mounted: MountedServer | undefined): MountedEntry {
  const tools = [...(mounted?.tools.values() ?? [])].map(({ name, level }) => [name, toolEntry(labels, name, level)] as const)
  return { kind: 'mounted', title: title ?? mounted?.title ?? id, settings, tools: Object.fromEntries(tools) }
}

function remoteEntry({ id, title, settings, labels }: ServerRow, offered: readonly DefinitionFacts[]): RemoteEntry {
  const tools = offered.map((row) => [row.name, { ...toolEntry(labels, row.name, declaredLevel(row)), definition: row.hash }] as const)
  return { kind: 'remote', title: title ?? id, remote: RemoteSettings.parse(settings), tools: Object.fromEntries(tools) }
}

/** The level that a remote tool needs if it has no label. */
export const declaredLevel = ({ name, readOnly, destructive }: Pick<DefinitionFacts, 'name' | 'readOnly' | 'destructive'>): Level =>
  inferLevel(name, { readOnly: readOnly ?? undefined, destructive: destructive ?? undefined })

export function toolEntry(labels: ServerRow['labels'], name: string, declared: Level): ToolEntry {
  const label = Object.hasOwn(labels, name) ? labels[name] : undefined
  const labelled = label?.level === undefined ? {} : { labelled: true as const }
  const hidden = label?.hidden === true ? { hidden: true as const } : {}
  return { level: label?.level ?? declared, ...labelled, ...hidden }
}

export const compileSettings = (values: Record<string, unknown>): SettingsChunk => ({ settings: Settings.parse(values) })

export function compileRevocations(revoked: RevocationsChunk): RevocationsChunk {
  const { tokens, sessions, epochs, killed } = revoked
  return { tokens: [...tokens].sort(), sessions: [...sessions].sort(), epochs, killed: [...killed].sort() }
}
