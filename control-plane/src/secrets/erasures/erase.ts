import type { Api } from '@bir/sdk/contract/api'
import type { z } from 'zod'
import { ApiError } from '../../base/api-error.ts'
import { change } from '../../base/context.ts'
import type { Ctx } from '../../base/context.ts'
import { forgetSecrets, tryErasures } from './erasures.ts'
import { bucketsOfSecrets } from '../rows/buckets.ts'
import { describeSecretHolder, holderOf } from '../rows/holder.ts'
import { eraseHolder } from '../stores/embedded/holder-keys.ts'

/**
 * Erases all secrets of a person or a group. The key goes in the same transaction, so what copies of the embedded store
 * and of Consul hold is closed at once; the values are destroyed after it, and again later where the store is away.
 */
export async function erase(ctx: Ctx, { user, group }: z.output<Api['secrets']['erase']['input']>) {
  const { db, actor, secrets } = ctx
  if ((user === undefined) === (group === undefined)) throw new ApiError('invalid_input', 'user, group: name one of them.')
  const holder = await holderOf(db, actor, { user, group })
  if (holder.kind === 'shared') throw new ApiError('invalid_input', 'user, group: name one of them.')
  const target = describeSecretHolder(holder)
  const { value: removed, revision } = await change(ctx, { action: 'secrets.erase', target }, async (trx) => {
    const places = await forgetSecrets(trx, { column: 'holder_id', value: holder.holderId, by: actor.label })
    await eraseHolder(trx, { kind: holder.kind, id: holder.holderId })
    const removed = places.map(({ server }) => `secret for ${server}`)
    return { value: removed, dirty: await bucketsOfSecrets(trx, places, { appears: true }), detail: removed.join('\n') || 'no secrets' }
  })
  await tryErasures(db, secrets.store)
  // Nothing of it can be opened any more, also where it could not be read.
  await secrets.store.deleteUnreadable?.({ kind: holder.kind, id: holder.holderId }).catch(() => undefined)
  return { revision, ...(removed.length > 0 && { removed }) }
}
