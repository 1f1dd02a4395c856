import type { Database } from '@bir/db/schema'
import { RemoteSettings } from '@bir/sdk/contract/remote'
import type { Transaction } from 'kysely'
import { judge, lastOffered } from '../definitions/judge.ts'
import { readDefinitions, writeDefinitions } from '../definitions/rows.ts'
import type { ServerRow } from '../policy-rows/types.ts'

interface ServerUpdate {
  before: ServerRow | undefined
  after: ServerRow
  administrator: string
}

/**
 * Updates the stored definitions after a server's description changed. The address identifies the server: at a new
 * address all stored definitions are deleted. When the trust setting changes, they are judged again.
 */
export async function updateDefinitions(trx: Transaction<Database>, { before, after, administrator }: ServerUpdate): Promise<void> {
  if (!isSameAddress(before, after)) {
    await trx.deleteFrom('definitions').where('server', '=', after.id).execute()
    const registeredBy = after.kind === 'remote' ? administrator : null
    await trx.updateTable('servers').set({ registered_by: registeredBy, examined: false }).where('id', '=', after.id).execute()
    return
  }
  if (after.kind !== 'remote' || !before || trustOf(before) === trustOf(after)) return
  const stored = await readDefinitions(trx, after.id)
  const retired = stored.filter(({ state }) => state === 'retired')
  const present = stored.filter(({ state }) => state !== 'retired')
  const next = judge(present, lastOffered(present), { trust: trustOf(after) })
  await writeDefinitions(trx, after.id, { before: stored, after: [...next, ...retired] })
}

export const isSameAddress = (before: ServerRow | undefined, after: ServerRow): boolean =>
  before?.kind === after.kind && before.settings.url === after.settings.url

export const trustOf = ({ settings }: ServerRow): RemoteSettings['trust'] => RemoteSettings.parse(settings).trust
