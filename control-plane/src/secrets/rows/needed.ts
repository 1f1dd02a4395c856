import { notFound } from '../../base/api-error.ts'
import type { Ctx } from '../../base/context.ts'
import type { Db, ServerRow } from '../../policy-rows/types.ts'
import { secretNeedOf } from '../need.ts'
import type { SecretNeed } from '../need.ts'

/** A server, and the secrets that it needs. */
export interface NeededBy {
  row: Pick<ServerRow, 'id' | 'kind' | 'settings' | 'secret' | 'killed'>
  need: SecretNeed
}

export async function neededBy(db: Db, catalog: Ctx['catalog'], server: string): Promise<NeededBy> {
  const row = await selectServers(db).where('id', '=', server).executeTakeFirst()
  if (!row) throw notFound('server', server)
  return { row, need: secretNeedOf(row, catalog.get(row.id)) }
}

export async function needsOfAll(db: Db, catalog: Ctx['catalog']): Promise<NeededBy[]> {
  const rows = await selectServers(db).orderBy('id').execute()
  return rows.map((row) => ({ row, need: secretNeedOf(row, catalog.get(row.id)) }))
}

const selectServers = (db: Db) => db.selectFrom('servers').select(['id', 'kind', 'settings', 'secret', 'killed'])
