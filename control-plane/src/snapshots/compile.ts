import type { MountedServer } from '@bir/data-plane/catalog'
import { Settings } from '@bir/sdk/contract/settings'
import type { RevocationsChunk, ServerEntry, ServersChunk, SettingsChunk, ToolEntry } from '@bir/sdk/contract/snapshot'
import type { ServerRow } from './rows.ts'

/** Rows in, chunks out. Pure, without a clock, and indifferent to the order of rows: the same rows give the same bytes. */

export type Mountable = ReadonlyMap<string, MountedServer>

/** A server this version does not mount keeps its row but has no tools, so nothing of it is listed. */
export function compileServers(rows: readonly ServerRow[], mountable: Mountable): ServersChunk {
  return { servers: Object.fromEntries(rows.map((row) => [row.id, serverEntry(row, mountable.get(row.id))])) }
}

function serverEntry({ id, kind, title, settings, labels }: ServerRow, mounted: MountedServer | undefined): ServerEntry {
  const tools = [...(mounted?.tools.values() ?? [])].map(({ name, level }): [string, ToolEntry] => {
    const label = Object.hasOwn(labels, name) ? labels[name] : undefined
    const labelled = label?.level === undefined ? {} : { labelled: true as const }
    const hidden = label?.hidden === true ? { hidden: true as const } : {}
    return [name, { level: label?.level ?? level, ...labelled, ...hidden }]
  })
  return { kind, title: title ?? mounted?.title ?? id, settings, tools: Object.fromEntries(tools) }
}

export const compileSettings = (values: Record<string, unknown>): SettingsChunk => ({ settings: Settings.parse(values) })

export function compileRevocations(revoked: RevocationsChunk): RevocationsChunk {
  const { tokens, sessions, epochs, killed } = revoked
  return { tokens: [...tokens].sort(), sessions: [...sessions].sort(), epochs, killed: [...killed].sort() }
}
