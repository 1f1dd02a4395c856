import type { DefinitionsReport } from '@bir/sdk/contract/internal'
import { RemoteSettings } from '@bir/sdk/contract/remote'
import { change } from '../base/context.ts'
import type { Ctx } from '../base/context.ts'
import { judge } from './judge.ts'
import type { DefinitionRow } from './judge.ts'
import { offeredOf } from './offered.ts'
import { readDefinitions, writeDefinitions } from './rows.ts'

/** A plane tells what it found a server to offer. However many tell the same, it is judged once. */
export async function acceptReport(ctx: Ctx, report: DefinitionsReport): Promise<void> {
  const offered = offeredOf(report)
  await change(ctx, { action: 'definitions.report', target: report.server }, async (trx) => {
    const server = await trx
      .selectFrom('servers')
      .select(['kind', 'settings', 'registered_by', 'examined'])
      .where('id', '=', report.server)
      .executeTakeFirst()
    if (server?.kind !== 'remote') return nothing
    const { url, trust } = RemoteSettings.parse(server.settings)
    if (report.url !== undefined && report.url !== url) return nothing

    // A server that offers nothing may still be starting: what it offers first is still to come.
    const isFirst = !server.examined && offered.length > 0
    const approvedBy = isFirst ? (server.registered_by ?? 'registration') : undefined
    const before = await readDefinitions(trx, report.server)
    const after = judge(before, offered, { trust, approvedBy })
    const { gone, written } = await writeDefinitions(trx, report.server, { before, after })
    if (isFirst) await trx.updateTable('servers').set({ examined: true }).where('id', '=', report.server).execute()
    if (gone.length + written.length === 0) return nothing
    return { value: undefined, dirty: [], silent: trust === 'off' && !isFirst, detail: wordsOf(written, approvedBy) }
  })
}

const nothing = { value: undefined, dirty: 'nothing' } as const
const maxWords = 50

function wordsOf(written: readonly DefinitionRow[], approvedBy: string | undefined): string {
  if (approvedBy !== undefined) return `first definitions, approved with the registration by ${approvedBy}: ${written.length}`
  const words = written.map(({ name, hash, state, mark, flags }) => {
    const what = [mark ?? 'known', ...flags].join('; ')
    return `${name} ${fates[state]} (${what}), ${hash}`
  })
  const more = words.length > maxWords ? [`and ${words.length - maxWords} more`] : []
  return [...words.slice(0, maxWords), ...more].join('\n') || 'what was held back is no longer offered'
}

const fates: Record<DefinitionRow['state'], string> = { approved: 'is served', pending: 'is held back', retired: 'is no longer offered' }
