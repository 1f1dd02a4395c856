import type { Server as ServerSchema, ServerTool as ServerToolSchema } from '@bir/sdk/contract/entities'
import type { z } from 'zod'
import { trustState } from '../definitions/definitions.ts'
import { compileServers, declaredLevel, toolEntry } from '../compile/compile.ts'
import type { Mountable } from '../compile/compile.ts'
import type { DefinitionFacts, ServerRow } from '../policy-rows/types.ts'

type Server = z.infer<typeof ServerSchema>
type ServerTool = z.infer<typeof ServerToolSchema>

/** A server as the API returns it: its compiled form, plus the tools that are held back or no longer offered. */
export function serverEntity(row: ServerRow, catalog: Mountable, definitions: readonly DefinitionFacts[]): Server {
  const entry = compileServers([row], catalog, definitions).servers[row.id]
  const { id, killed } = row
  const title = entry?.title ?? id
  if (entry?.kind === 'remote') return { id, kind: 'remote', title, killed, remote: entry.remote, tools: remoteTools(row, definitions) }
  const tools = Object.entries(entry?.tools ?? {}).map(([name, { level, labelled = false, hidden = false }]) => {
    const declared = catalog.get(id)?.tools.get(name)?.level ?? level
    return { name, level, declared, labelled, hidden }
  })
  return { id, kind: 'mounted', title, killed, settings: row.settings, tools }
}

/**
 * Tools of a remote server. The level is that of the approved definition, or of the offered one if none is approved.
 */
function remoteTools({ labels }: ServerRow, definitions: readonly DefinitionFacts[]): ServerTool[] {
  return [...Map.groupBy(definitions, ({ name }) => name)].flatMap(([name, rows]) => {
    const row = rows.find(({ state }) => state === 'approved') ?? rows[0]
    if (!row) return []
    const declared = declaredLevel(row)
    const { level, labelled = false, hidden = false } = toolEntry(labels, name, declared)
    return [{ name, level, declared, labelled, hidden, trust: trustState(rows) }]
  })
}
