import { SHARED_ID } from '@bir/db/schema'
import type { Secret } from '@bir/sdk/contract/secret-entities'
import { anyOf } from '../../policy-rows/read.ts'
import type { Ctx } from '../../base/context.ts'
import type { Db } from '../../policy-rows/types.ts'
import { needsOfAll } from '../rows/needed.ts'
import { reachOf } from './view.ts'
import type { Viewed } from './view.ts'

/** The servers that a person may use and has no secret for, by id. One of their group's or a shared one counts too. */
export async function missingOf(db: Db, catalog: Ctx['catalog'], { id, handle }: Viewed, server?: string): Promise<Secret[]> {
  const { groups, servers } = await reachOf(db, id)
  const mayUse = new Set(servers)
  const needs = (await needsOfAll(db, catalog)).filter(
    ({ row, need }) => mayUse.has(row.id) && need.personal.length > 0 && (server === undefined || row.id === server),
  )
  if (needs.length === 0) return []
  const rows = await db
    .selectFrom('secrets')
    .select(['holder_kind', 'server'])
    .where('holder_id', '=', anyOf([id, SHARED_ID, ...groups]))
    .execute()
  const has = new Set(rows.map(({ holder_kind, server }) => `${holder_kind} ${server}`))
  return needs
    .filter(({ row, need }) => !need.order.some((kind) => has.has(`${kind} ${row.id}`)))
    .map(({ row, need }) => ({
      id: null,
      server: row.id,
      holder: { kind: 'person', handle },
      fields: need.personal.filter(({ required }) => required).map(({ name }) => name),
      state: 'missing',
      owner: null,
      scopes: null,
      level: null,
      expiresAt: null,
      savedAt: null,
      savedBy: null,
      checkedAt: null,
      store: null,
      unchecked: false,
    }))
}
