import type { Api } from '@bir/sdk/contract/api'
import { SecretAct } from '@bir/sdk/contract/secret-entities'
import type { SecretEvent } from '@bir/sdk/contract/secret-entities'
import { SECRET_STATES } from '@bir/sdk/contract/secret-state'
import { SecretVerdict } from '@bir/sdk/contract/secret-verdict'
import type { z } from 'zod'
import type { Ctx } from '../../base/context.ts'
import { idKeyOf, pageOf } from '../../base/paging.ts'
import { holderOf, secretHolderNames } from '../rows/holder.ts'

type Input = z.output<Api['secrets']['history']['input']>

/** What happened, newest first. Administrators who name nobody get everything. */
export async function history({ db, actor }: Ctx, { first, after, server, ...given }: Input) {
  const key = idKeyOf(after)
  const isOfAll = actor.administrator && given.user === undefined && given.group === undefined && !given.shared
  const holder = isOfAll ? undefined : await holderOf(db, actor, given)
  const rows = await db
    .selectFrom('secret_history')
    .selectAll()
    .$if(holder !== undefined, (query) => query.where('holder_id', '=', holder?.holderId ?? ''))
    .$if(server !== undefined, (query) => query.where('server', '=', server ?? ''))
    .$if(key !== undefined, (query) => query.where('id', '<', key ?? ''))
    .orderBy('id', 'desc')
    .limit(first + 1)
    .execute()
  const names = await secretHolderNames(db, rows)
  return pageOf(
    rows,
    first,
    ({ id }) => id,
    (row): SecretEvent => {
      const { data: verdict } = SecretVerdict.safeParse(row.verdict)
      return {
        id: row.id,
        at: row.at.toISOString(),
        by: row.by,
        act: SecretAct.catch('checked').parse(row.act),
        server: row.server,
        holder: names(row),
        version: row.version,
        state: SECRET_STATES.find((state) => state === row.state) ?? null,
        verdict: verdict?.verdict ?? null,
        says: verdict?.says ?? null,
      }
    },
  )
}
