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
import { activeHolders, bucketsOfHolders, bucketsOfUsers, symmetricDifference } from '../holders/buckets.ts'
import { requireServer } from '../holders/holder.ts'
import { holdingTexts } from '../holders/holding-texts.ts'
import { readDefinitionFacts } from '../policy-rows/read.ts'
import { forgetSecrets, secretTexts, tryErasures } from '../secrets/erasures/erasures.ts'
import { moveSecrets } from '../secrets/erasures/moved.ts'
import { secretNeedOf } from '../secrets/need.ts'
import { serverFaults } from './faults.ts'
import { describedServer } from './described-server.ts'
import type { DescribedServer } from './described-server.ts'
import { serverEntity } from './server-entity.ts'
import { updateDefinitions } from './update-definitions.ts'
import type { Db, ServerRow } from '../policy-rows/types.ts'

type Input<K extends keyof Api['servers']> = z.output<Api['servers'][K]['input']>
type Server = z.infer<typeof ServerSchema>

export async function list({ db, catalog }: Ctx) {
  const rows = await selectServers(db).orderBy('id').execute()
  const definitions = Map.groupBy(await readDefinitionFacts(db), ({ server }) => server)
  return { items: rows.map((row) => serverEntity(row, catalog, definitions.get(row.id) ?? [])) }
}

/** Creates a server, or changes what the input names: a field that is absent stays as it is. */
export async function put(ctx: Ctx, input: Input<'put'>): Promise<Server> {
  const { value } = await change(ctx, { action: 'servers.put', target: input.id }, async (trx) => {
    const existing = await selectServers(trx).where('id', '=', input.id).executeTakeFirst()
    const described = describedServer(input, existing)
    const faults = serverFaults(ctx.catalog, input.id, described)
    if (faults.length > 0) throw new ApiError('invalid_input', faults.join('\n'))
    const value = newServer(described, existing)
    if (existing && canonical(existing) === canonical(value)) return { value, dirty: 'nothing' }
    const dirty = await storeServer(trx, ctx, value)
    return { value, dirty, detail: existing ? 'changed' : 'added' }
  })
  const definitions = await readDefinitionFacts(ctx.db)
  return serverEntity(
    value,
    ctx.catalog,
    definitions.filter(({ server }) => server === input.id),
  )
}

/** Deletes a server. Resolves with what went with it. */
export async function remove(ctx: Ctx, { id }: Input<'delete'>) {
  const { value: removed, revision } = await change(ctx, { action: 'servers.delete', target: id }, async (trx) => {
    await requireServer(trx, id)
    const removed = [
      ...(await holdingTexts(trx, { column: 'server', value: id })),
      ...(await secretTexts(trx, { column: 'server', value: id })),
    ]
    return { value: removed, dirty: await removeServer(trx, id, ctx.actor.label), detail: removed.join('\n') }
  })
  await tryErasures(ctx.db, ctx.secrets.store)
  return { revision, ...(removed.length === 0 ? {} : { removed }) }
}

/**
 * Deletes a server with its grants, restrictions, selections and secrets. Resolves with the buckets that become dirty.
 */
export async function removeServer(trx: Transaction<Database>, id: string, by: string): Promise<number[]> {
  const holdersBefore = await activeHolders(trx)
  const secrets = await forgetSecrets(trx, { column: 'server', value: id, by })
  const selectionRows = await trx.selectFrom('selections').select('user_id').where('server', '=', id).execute()
  await trx.deleteFrom('servers').where('id', '=', id).execute()
  const classes = await bucketsOfHolders(trx, symmetricDifference(holdersBefore, await activeHolders(trx)))
  const selections = await bucketsOfUsers(trx, [
    ...selectionRows.map(({ user_id }) => user_id),
    ...secrets.flatMap(({ kind, holderId }) => (kind === 'person' ? [holderId] : [])),
  ])
  return [...classes, ...selections]
}

export async function kill(ctx: Ctx, { id, killed }: Input<'kill'>) {
  const record = { action: 'servers.kill', target: id, detail: String(killed), summary: `${id}: ${killed ? 'killed' : 'revived'}` }
  const { revision } = await change(ctx, record, async (trx) => {
    await requireServer(trx, id)
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
  const row = await selectServers(db).where('id', '=', id).executeTakeFirst()
  if (!row) throw notFound('server', id)
  return row
}

/** The row for a described server. The description has no kill switch, so `killed` keeps its value. */
export function newServer({ id, title, tools = {}, secret, ...input }: DescribedServer, existing?: ServerRow): ServerRow {
  return {
    id,
    kind: input.kind,
    title: title ?? null,
    settings: settingsOf(input),
    labels: Object.fromEntries(Object.entries(tools).filter(([, { level, hidden }]) => level !== undefined || hidden === true)),
    killed: existing?.killed ?? false,
    secret: secret && Object.keys(secret).length > 0 ? secret : null,
  }
}

type ServerDescription = DistributiveOmit<DescribedServer, 'id' | 'title' | 'tools' | 'secret'>
type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never

/** Stores only the settings of a remote server that differ from the defaults: writing a default changes nothing. */
function settingsOf(input: ServerDescription): Record<string, unknown> {
  if (input.kind === 'mounted') return input.settings ?? {}
  const { kind: _, ...fields } = input
  const settings: Record<string, unknown> = RemoteSettings.parse(fields)
  const defaults: Record<string, unknown> = RemoteSettings.parse({ url: input.url })
  return Object.fromEntries(
    Object.entries(settings).filter(([key, value]) => key === 'url' || canonical([value]) !== canonical([defaults[key] ?? null])),
  )
}

/**
 * Stores a server. If it is a new remote one, the actor counts as the person who approves its first definitions.
 * Secrets that were proven for another address are used no more. Resolves with the buckets that become dirty.
 */
export async function storeServer(
  trx: Transaction<Database>,
  { actor, catalog }: Pick<Ctx, 'actor' | 'catalog'>,
  after: ServerRow,
): Promise<number[]> {
  const { id, kind, title, settings, labels, secret } = after
  const before = await selectServers(trx).where('id', '=', id).executeTakeFirst()
  const row = { kind, title, settings: JSON.stringify(settings), labels: JSON.stringify(labels), secret: secret && JSON.stringify(secret) }
  await trx
    .insertInto('servers')
    .values({ id, ...row })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
    .execute()
  await updateDefinitions(trx, { before, after, administrator: actor.label })
  const needOf = (server: Pick<ServerRow, 'kind' | 'settings' | 'secret'>) => secretNeedOf(server, catalog.get(id))
  return moveSecrets(trx, { server: id, need: needOf(after), before: before && needOf(before), by: actor.label })
}

const selectServers = (db: Db) => db.selectFrom('servers').select(['id', 'kind', 'title', 'settings', 'labels', 'killed', 'secret'])
