import type { Server as ServerSchema, ServerTool as ServerToolSchema } from '@bir/sdk/contract/entities'
import type { z } from 'zod'
import { trustState } from '../definitions/definitions.ts'
import { compileServers, declaredLevel, toolEntry } from '../compile/compile.ts'
import type { Mountable } from '../compile/compile.ts'
import type { DefinitionFacts, ServerRow } from '../policy-rows/types.ts'

type Server = z.infer<typeof ServerSchema>
type ServerTool = z.infer<typeof ServerToolSchema>

/** A server as administrators see it: as it is compiled, with what is held back or gone beside. */
export function shownServer(row: ServerRow, catalog: Mountable, definitions: readonly DefinitionFacts[]): Server {
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

/** The level shown is that of what is served; of what is offered where nothing is. */
function remoteTools({ labels }: ServerRow, definitions: readonly DefinitionFacts[]): ServerTool[] {
  return [...Map.groupBy(definitions, ({ name }) => name)].flatMap(([name, of]) => {
    const shown = of.find(({ state }) => state === 'approved') ?? of[0]
    if (!shown) return []
    const declared = declaredLevel(shown)
    const { level, labelled = false, hidden = false } = toolEntry(labels, name, declared)
    return [{ name, level, declared, labelled, hidden, trust: trustState(of) }]
  })
}
