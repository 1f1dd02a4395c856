import type { Database } from '@bir/db/schema'
import { RemoteSettings } from '@bir/sdk/contract/remote'
import type { Transaction } from 'kysely'
import { judge, lastOffered } from '../definitions/judge.ts'
import { readDefinitions, writeDefinitions } from '../definitions/rows.ts'
import type { ServerRow } from '../policy-rows/types.ts'

interface Stored {
  before: ServerRow | undefined
  after: ServerRow
  by: string
}

/** What a newly described server does to the definitions known of it. An address is an identity: at a new one nothing is known. */
export async function settleDefinitions(trx: Transaction<Database>, { before, after, by }: Stored): Promise<void> {
  if (!isSameAddress(before, after)) {
    await trx.deleteFrom('definitions').where('server', '=', after.id).execute()
    const registered = after.kind === 'remote' ? by : null
    await trx.updateTable('servers').set({ registered_by: registered, examined: false }).where('id', '=', after.id).execute()
    return
  }
  if (after.kind !== 'remote' || !before || trustOf(before) === trustOf(after)) return
  const known = await readDefinitions(trx, after.id)
  const retired = known.filter(({ state }) => state === 'retired')
  const present = known.filter(({ state }) => state !== 'retired')
  const next = judge(present, lastOffered(present), { trust: trustOf(after) })
  await writeDefinitions(trx, after.id, { before: known, after: [...next, ...retired] })
}

export const isSameAddress = (before: ServerRow | undefined, after: ServerRow): boolean =>
  before?.kind === after.kind && before.settings.url === after.settings.url

export const trustOf = ({ settings }: ServerRow): RemoteSettings['trust'] => RemoteSettings.parse(settings).trust
