import type { DefinitionsReport } from '@bir/sdk/contract/internal'
import { isPersonal, RemoteSettings } from '@bir/sdk/contract/remote'
import { change } from '../base/context.ts'
import type { Ctx } from '../base/context.ts'
import { judge, lastOffered } from './judge.ts'
import type { DefinitionRow } from './judge.ts'
import { offeredTools } from './offered.ts'
import type { OfferedTool } from './offered.ts'
import { readDefinitions, writeDefinitions } from './rows.ts'

/** Accepts a plane's report of the tools of a server. Further reports of the same tools change nothing. */
export async function acceptReport(ctx: Ctx, report: DefinitionsReport): Promise<void> {
  const offered = offeredTools(report)
  await change(ctx, { action: 'definitions.report', target: report.server }, async (trx) => {
    const server = await trx
      .selectFrom('servers')
      .select(['kind', 'settings', 'registered_by', 'examined'])
      .where('id', '=', report.server)
      .executeTakeFirst()
    if (server?.kind !== 'remote') return unchanged
    const settings = RemoteSettings.parse(server.settings)
    const { url, trust } = settings
    if (report.url !== undefined && report.url !== url) return unchanged

    // A server without tools may still be starting. Its first definitions are the first that are not empty.
    const isFirst = !server.examined && offered.length > 0
    const approvedBy = isFirst ? registrationBy(server.registered_by) : undefined
    const before = await readDefinitions(trx, report.server)
    const after = judge(before, isPersonal(settings) ? withOthers(offered, before) : offered, { trust, approvedBy })
    const { removed, written } = await writeDefinitions(trx, report.server, { before, after })
    if (isFirst) await trx.updateTable('servers').set({ examined: true }).where('id', '=', report.server).execute()
    if (removed.length + written.length === 0) return unchanged
    return { value: undefined, dirty: [], silent: trust === 'off' && !isFirst, detail: describeReport(written, approvedBy) }
  })
}

/** A server that is sent a secret of each person may list less to one than to others: what is missing is not gone. */
function withOthers(offered: readonly OfferedTool[], before: readonly DefinitionRow[]): readonly OfferedTool[] {
  const names = new Set(offered.map(({ name }) => name))
  return [...offered, ...lastOffered(before).filter(({ name }) => !names.has(name))]
}

/** Says that nobody looked at the definitions: whoever registered the server did so before it offered any. */
const registrationBy = (administrator: string | null) => (administrator === null ? 'registration' : `registration (${administrator})`)

const unchanged = { value: undefined, dirty: 'nothing' } as const
const maxLines = 50

function describeReport(written: readonly DefinitionRow[], approvedBy: string | undefined): string {
  if (approvedBy !== undefined) return `first definitions, approved by ${approvedBy}: ${written.length}`
  const lines = written.map(({ name, hash, state, mark, flags }) => {
    const notes = [mark ?? 'known', ...flags].join('; ')
    return `${name} ${visibility[state]} (${notes}), ${hash}`
  })
  const remainder = lines.length > maxLines ? [`and ${lines.length - maxLines} more`] : []
  return [...lines.slice(0, maxLines), ...remainder].join('\n') || 'what was held back is no longer offered'
}

const visibility: Record<DefinitionRow['state'], string> = {
  approved: 'is served',
  pending: 'is held back',
  retired: 'is no longer offered',
}
