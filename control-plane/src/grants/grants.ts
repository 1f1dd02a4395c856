import type { Database } from '@bir/db/schema'
import type { Api } from '@bir/sdk/contract/api'
import type { Grant as GrantSchema } from '@bir/sdk/contract/entities'
import type { FileGrant } from '@bir/sdk/contract/policy-file'
import { canonical } from '@bir/sdk/contract/canonical'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import type { Transaction } from 'kysely'
import type { z } from 'zod'
import { ApiError, notFound } from '../base/api-error.ts'
import { change } from '../base/context.ts'
import type { Ctx } from '../base/context.ts'
import { bucketsOfHolders, holdsSomething } from '../holders/buckets.ts'
import { groupId, resolveHolder, serviceId, holderNames, describeHolder, requireServer, userId } from '../holders/holder.ts'
import type { Holder, HolderName } from '../holders/holder.ts'
import { idKeyOf, pageOf } from '../base/paging.ts'
import { grantRow } from '../policy-rows/read.ts'
import { unknownTools } from '../servers/faults.ts'
import type { Db, GrantRow } from '../policy-rows/types.ts'

type Input<K extends keyof Api['grants']> = z.output<Api['grants'][K]['input']>
type Grant = z.infer<typeof GrantSchema>

/** Lists the grants that the holder itself has. The list of a user does not contain the grants of their groups. */
export async function list({ db }: Ctx, { first, after, user, service, group, server }: Input<'list'>) {
  const key = idKeyOf(after)
  const holder = await holderIdOf(db, { user, service, group })
  const rows = await db
    .selectFrom('grants')
    .selectAll()
    .$if(key !== undefined, (query) => query.where('id', '>', key ?? ''))
    .$if(holder !== undefined, (query) => query.where('holder_id', '=', holder ?? ''))
    .$if(server !== undefined, (query) => query.where('server', '=', server ?? ''))
    .orderBy('id')
    .limit(first + 1)
    .execute()
  const grants = rows.map(grantRow)
  const name = await holderNames(db, grants)
  return pageOf(
    grants,
    first,
    ({ id }) => id,
    (row) => grantEntity(row, name(row)),
  )
}

async function holderIdOf(db: Db, { user, service, group }: Pick<Input<'list'>, 'user' | 'service' | 'group'>) {
  if (user !== undefined) return userId(db, user)
  if (service !== undefined) return serviceId(db, service)
  return group === undefined ? undefined : groupId(db, group)
}

export async function create(ctx: Ctx, input: Input<'create'>): Promise<Grant> {
  const detail = describeGrant(input)
  if (input.expires !== undefined && isOver(Date.parse(input.expires), Date.now()))
    throw new ApiError('invalid_input', `expires: ${input.expires} is over already, so this grant would never count.`)
  const { value } = await change(ctx, { action: 'grants.create', target: describeHolder(input), detail }, async (trx) => {
    const holder = await resolveHolder(trx, input)
    await requireServer(trx, input.server)
    const faults = unknownTools(ctx.catalog, input.server, [...(input.tools?.allow ?? []), ...(input.tools?.deny ?? [])])
    if (faults.length > 0) throw new ApiError('invalid_input', faults.join('\n'))

    const row = newGrant(holder, input)
    const existing = await trx.selectFrom('grants').selectAll().where('holder_id', '=', holder.holderId).execute()
    if (existing.map(grantRow).some((other) => grantKey(other) === grantKey(row)))
      throw new ApiError('conflict', `This grant exists: ${detail}.`)
    const isFirst = !(await holdsSomething(trx, holder))
    await insertGrants(trx, [row])
    return { value: row, dirty: isFirst ? await bucketsOfHolders(trx, [holder.holderId]) : [] }
  })
  return grantEntity(value, input)
}

export async function remove(ctx: Ctx, { id }: Input<'delete'>) {
  const { revision } = await change(ctx, { action: 'grants.delete', target: id }, async (trx) => {
    const row = await trx.deleteFrom('grants').where('id', '=', id).returningAll().executeTakeFirst()
    if (!row) throw notFound('grant', id)
    const grant = grantRow(row)
    const name = await holderNames(trx, [grant])
    const wasLast = !(await holdsSomething(trx, grant))
    const dirty = wasLast ? await bucketsOfHolders(trx, [grant.holderId]) : []
    return { value: undefined, dirty, detail: describeGrant(fileGrant(grant, name(grant))) }
  })
  return { revision }
}

export const newGrant = ({ kind, holderId }: Holder, { server, level, tools, expires }: FileGrant): GrantRow => ({
  id: uuidv7(),
  kind,
  holderId,
  server,
  level,
  allow: tools?.allow ? [...new Set(tools.allow)].sort() : null,
  deny: tools?.deny?.length ? [...new Set(tools.deny)].sort() : null,
  expiresAtMs: expires === undefined ? null : Date.parse(expires),
})

export const isOver = (expiresAtMs: number | null, nowMs: number): boolean => expiresAtMs !== null && expiresAtMs <= nowMs

/** Two grants have the same key if they differ in nothing but their id. */
export const grantKey = (row: GrantRow): string => canonical({ ...row, id: undefined })

export async function insertGrants(trx: Transaction<Database>, rows: readonly GrantRow[]): Promise<void> {
  const values = rows.map(({ id, kind, holderId, server, level, allow, deny, expiresAtMs }) => ({
    id,
    holder_kind: kind,
    holder_id: holderId,
    server,
    level,
    allow,
    deny,
    expires_at: expiresAtMs === null ? null : new Date(expiresAtMs),
  }))
  for (let at = 0; at < values.length; at += 1000)
    await trx
      .insertInto('grants')
      .values(values.slice(at, at + 1000))
      .execute()
}

const grantEntity = (row: GrantRow, name: HolderName): Grant => ({ id: row.id, ...fileGrant(row, name) })

export const fileGrant = ({ server, level, allow, deny, expiresAtMs }: GrantRow, name: HolderName): FileGrant => ({
  ...holderFields(name),
  server,
  level,
  ...(allow === null && deny === null ? {} : { tools: { ...(allow === null ? {} : { allow }), ...(deny === null ? {} : { deny }) } }),
  ...(expiresAtMs === null ? {} : { expires: new Date(expiresAtMs).toISOString() }),
})

/** Leaves out the fields that are undefined, as JSON does. */
export const holderFields = ({ user, service, group, everyone }: HolderName): HolderName => ({
  ...(user === undefined ? {} : { user }),
  ...(service === undefined ? {} : { service }),
  ...(group === undefined ? {} : { group }),
  ...(everyone === undefined ? {} : { everyone }),
})

export function describeGrant({ server, level, tools, expires, ...holder }: FileGrant): string {
  const notes = [
    ...(tools?.allow ? [tools.allow.length === 0 ? 'no tool' : `only ${tools.allow.join(', ')}`] : []),
    ...(tools?.deny?.length ? [`never ${tools.deny.join(', ')}`] : []),
    ...(expires === undefined ? [] : [`until ${expires}`]),
  ]
  return `${describeHolder(holder)}, ${level} on ${server}${notes.length === 0 ? '' : ` (${notes.join('; ')})`}`
}
