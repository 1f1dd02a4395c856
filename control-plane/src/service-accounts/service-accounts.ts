import type { Api } from '@bir/sdk/contract/api'
import type { ServiceAccount as ServiceAccountSchema } from '@bir/sdk/contract/entities'
import type { z } from 'zod'
import { change } from '../base/context.ts'
import type { Ctx } from '../base/context.ts'
import { keyOf, pageOf } from '../base/paging.ts'
import { anyOf } from '../policy-rows/read.ts'
import type { Db } from '../policy-rows/types.ts'
import { findAccount, insertAccount } from './account.ts'
import type { AccountRow } from './account.ts'

type Input<K extends keyof Api['serviceAccounts']> = z.output<Api['serviceAccounts'][K]['input']>
type ServiceAccount = z.infer<typeof ServiceAccountSchema>

export async function list({ db }: Ctx, { first, after }: Input<'list'>) {
  const key = keyOf(after)
  const rows = await db
    .selectFrom('users')
    .selectAll()
    .where('kind', '=', 'service')
    .$if(key !== undefined, (query) => query.where('handle', '>', key ?? ''))
    .orderBy('handle')
    .limit(first + 1)
    .execute()
  const clients = await clientsOf(db, rows)
  return pageOf(
    rows,
    first,
    ({ handle }) => handle,
    (row) => entityOf(row, clients),
  )
}

/** Creates an account, or changes what the input names. */
export async function put(ctx: Ctx, { handle, title, administrator }: Input<'put'>): Promise<ServiceAccount> {
  const { value } = await change(ctx, { action: 'serviceAccounts.put', target: handle }, async (trx) => {
    const existing = await findAccount(trx, handle)
    const fields = {
      title: title === undefined ? (existing?.name ?? null) : title,
      administrator: administrator ?? existing?.administrator ?? false,
    }
    const detail = `title ${fields.title}, administrator ${fields.administrator}`
    if (!existing) {
      const made = await insertAccount(trx, { handle, ...fields })
      return { value: made, dirty: [made.bucket], detail: `created, ${detail}` }
    }
    if (existing.name === fields.title && existing.administrator === fields.administrator) return { value: existing, dirty: 'nothing' }
    const value = await trx
      .updateTable('users')
      .set({ name: fields.title, administrator: fields.administrator, updated_at: new Date() })
      .where('id', '=', existing.id)
      .returningAll()
      .executeTakeFirstOrThrow()
    return { value, dirty: [], detail }
  })
  return entityOf(value, await clientsOf(ctx.db, [value]))
}

async function clientsOf(db: Db, accounts: readonly { id: string }[]): Promise<Map<string, string[]>> {
  const rows = await db
    .selectFrom('oauth_clients')
    .select(['user_id', 'client_id'])
    .where('user_id', '=', anyOf(accounts.map(({ id }) => id)))
    .orderBy('client_id')
    .execute()
  const byAccount = Map.groupBy(rows, ({ user_id }) => user_id ?? '')
  return new Map([...byAccount].map(([id, clients]) => [id, clients.map(({ client_id }) => client_id)]))
}

const entityOf = ({ id, handle, name, administrator, disabled }: AccountRow, clients: ReadonlyMap<string, string[]>): ServiceAccount => ({
  id,
  handle,
  title: name,
  administrator,
  disabled,
  clients: clients.get(id) ?? [],
})
