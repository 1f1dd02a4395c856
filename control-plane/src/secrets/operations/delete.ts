import type { Api } from '@bir/sdk/contract/api'
import type { z } from 'zod'
import { ApiError } from '../../base/api-error.ts'
import { change } from '../../base/context.ts'
import type { Ctx } from '../../base/context.ts'
import { outageText } from '../../base/outage.ts'
import { bucketsOfSecrets } from '../rows/buckets.ts'
import { note } from '../rows/history.ts'
import { describeSecretHolder, holderOf, refuseUnknownServer } from '../rows/holder.ts'
import { readSecretRow, storePlace } from '../rows/rows.ts'
import { noSecret } from './check.ts'
import { isUnreadable } from '../stores/store.ts'
import { withStore } from '../saving/store-errors.ts'

/** Destroys the values first: nobody may think that a secret is gone while it lies there. */
export async function remove(ctx: Ctx, input: z.output<Api['secrets']['delete']['input']>) {
  const { db, actor, secrets } = ctx
  const { server } = input
  const holder = await holderOf(db, actor, input)
  const place = { kind: holder.kind, holderId: holder.holderId, server }
  const row = await readSecretRow(db, place)
  if (!row) await refuseUnknownServer(db, actor, server)
  const cannotBeRead = await secrets.store.read(storePlace(place)).then(() => false, isUnreadable)
  // Without a row too: a process that ended while it saved may have left a value that no list names.
  await withStore(actor, 'delete', () => secrets.store.delete(storePlace(place), { unreadable: true }))
  if (!row && !cannotBeRead) throw noSecret(server, holder)
  const what = cannotBeRead ? 'what lay there could not be read, and went whole' : undefined
  const detail = [`secret of ${describeSecretHolder(holder)}`, row && `version ${row.version}`, what].filter(Boolean).join(', ')
  try {
    const { revision } = await change(ctx, { action: 'secrets.delete', target: server, detail }, async (trx) => {
      if (!row) return { value: undefined, dirty: [] }
      const { numDeletedRows } = await trx
        .deleteFrom('secrets')
        .where('id', '=', row.id)
        .where('version', '=', row.version)
        .executeTakeFirst()
      if (numDeletedRows === 0n) return { value: undefined, dirty: 'nothing' }
      await note(trx, [place], { by: actor.label, act: 'deleted', version: row.version })
      return { value: undefined, dirty: await bucketsOfSecrets(trx, [place], { appears: true }) }
    })
    return { revision }
  } catch (error) {
    const outage = outageText(error)
    if (outage === undefined) throw error
    throw new ApiError('unavailable', `${outage} The values are destroyed; lists still name the secret: delete it once more.`, {
      cause: error,
    })
  }
}
