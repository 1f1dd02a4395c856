import type { Api } from '@bir/sdk/contract/api'
import type { Server as ServerSchema } from '@bir/sdk/contract/entities'
import { canonical } from '@bir/sdk/contract/canonical'
import { RemoteSettings } from '@bir/sdk/contract/remote'
import type { Database } from '@bir/db/schema'
import type { Transaction } from 'kysely'
import type { z } from 'zod'
import { ApiError, notFound } from '../base/api-error.ts'
import { change } from '../base/context.ts'
import type { Ctx } from '../base/context.ts'
import { activeHolders, bucketsOfHolders, bucketsOfUsers, differing } from '../holders/buckets.ts'
import { serverNamed } from '../holders/holder.ts'
import { readDefinitionFacts } from '../policy-rows/read.ts'
import { serverFaults } from './faults.ts'
import { shownServer } from './shown.ts'
import { settleDefinitions } from './update-definitions.ts'
import type { Db, ServerRow } from '../policy-rows/types.ts'

type Input<K extends keyof Api['servers']> = z.output<Api['servers'][K]['input']>
type Server = z.infer<typeof ServerSchema>

export async function list({ db, catalog }: Ctx) {
  const rows = await columns(db).orderBy('id').execute()
  const definitions = Map.groupBy(await readDefinitionFacts(db), ({ server }) => server)
  return { items: rows.map((row) => shownServer(row, catalog, definitions.get(row.id) ?? [])) }
}

/** The server as given is complete: a label left out is taken away. */
export async function put(ctx: Ctx, input: Input<'put'>): Promise<Server> {
  const faults = serverFaults(ctx.catalog, input.id, input)
  if (faults.length > 0) throw new ApiError('invalid_input', faults.join('\n'))
  const { value } = await change(ctx, { action: 'servers.put', target: input.id }, async (trx) => {
    const known = await columns(trx).where('id', '=', input.id).executeTakeFirst()
    const value = newServer(input, known)
    if (known && canonical(known) === canonical(value)) return { value, dirty: 'nothing' }
    await storeServer(trx, value, ctx.actor.label)
    return { value, dirty: [], detail: known ? 'changed' : 'added' }
  })
  const definitions = await readDefinitionFacts(ctx.db)
  return shownServer(
    value,
    ctx.catalog,
    definitions.filter(({ server }) => server === input.id),
  )
}

export async function remove(ctx: Ctx, { id }: Input<'delete'>) {
  const { revision } = await change(ctx, { action: 'servers.delete', target: id }, async (trx) => {
    await serverNamed(trx, id)
    return { value: undefined, dirty: await removeServer(trx, id) }
  })
  return { revision }
}

/** Its grants, restrictions and selections go with it. Resolves with the buckets this touches. */
export async function removeServer(trx: Transaction<Database>, id: string): Promise<number[]> {
  const before = await activeHolders(trx)
  const selecting = await trx.selectFrom('selections').select('user_id').where('server', '=', id).execute()
  await trx.deleteFrom('servers').where('id', '=', id).execute()
  const classes = await bucketsOfHolders(trx, differing(before, await activeHolders(trx)))
  const selections = await bucketsOfUsers(
    trx,
    selecting.map(({ user_id }) => user_id),
  )
  return [...classes, ...selections]
}

export async function kill(ctx: Ctx, { id, killed }: Input<'kill'>) {
  const { revision } = await change(ctx, { action: 'servers.kill', target: id, detail: String(killed) }, async (trx) => {
    await serverNamed(trx, id)
    const { numUpdatedRows } = await trx
      .updateTable('servers')
      .set({ killed })
      .where('id', '=', id)
      .where('killed', '!=', killed)
      .executeTakeFirst()
    return { value: undefined, dirty: numUpdatedRows === 0n ? 'nothing' : [] }
  })
  return { revision }
}

export async function readServer(db: Db, id: string): Promise<ServerRow> {
  const row = await columns(db).where('id', '=', id).executeTakeFirst()
  if (!row) throw notFound('server', id)
  return row
}

/** The kill switch is no part of what a server is described as, so describing it anew leaves the switch alone. */
export function newServer({ id, title, tools = {}, ...input }: Input<'put'>, known?: ServerRow): ServerRow {
  return {
    id,
    kind: input.kind,
    title: title ?? null,
    settings: settingsOf(input),
    labels: Object.fromEntries(Object.entries(tools).filter(([, { level, hidden }]) => level !== undefined || hidden === true)),
    killed: known?.killed ?? false,
  }
}

type Described = DistributiveOmit<Input<'put'>, 'id' | 'title' | 'tools'>
type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never

/** Of a remote server only what differs from the defaults is kept, so that saying a default is saying nothing. */
function settingsOf(input: Described): Record<string, unknown> {
  if (input.kind === 'mounted') return input.settings ?? {}
  const { kind: _, ...given } = input
  const whole: Record<string, unknown> = RemoteSettings.parse(given)
  const plain: Record<string, unknown> = RemoteSettings.parse({ url: input.url })
  return Object.fromEntries(
    Object.entries(whole).filter(([key, value]) => key === 'url' || canonical([value]) !== canonical([plain[key] ?? null])),
  )
}

/** `by` is the administrator whose registering approves what a remote server is first found to offer. */
export async function storeServer(trx: Transaction<Database>, after: ServerRow, by: string): Promise<void> {
  const { id, kind, title, settings, labels } = after
  const before = await columns(trx).where('id', '=', id).executeTakeFirst()
  const row = { kind, title, settings: JSON.stringify(settings), labels: JSON.stringify(labels) }
  await trx
    .insertInto('servers')
    .values({ id, ...row })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
    .execute()
  await settleDefinitions(trx, { before, after, by })
}

const columns = (db: Db) => db.selectFrom('servers').select(['id', 'kind', 'title', 'settings', 'labels', 'killed'])
