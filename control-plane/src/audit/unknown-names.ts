import { AUDIT_REASONS } from '@bir/sdk/contract/audit-reasons'
import { sql } from 'kysely'
import { ApiError } from '../base/api-error.ts'
import type { Ctx } from '../base/context.ts'
import { readDefinitionFacts } from '../policy-rows/read.ts'

interface Names {
  user?: string | undefined
  server?: string | undefined
  tool?: string | undefined
  reason?: string | undefined
}

/**
 * Refuses a name, or a reason, that neither the gateway nor any record knows. A record may name what the policy knows
 * no more. Records are asked last, and only after a search has found nothing: there may be millions.
 */
export async function refuseUnknownNames(ctx: Ctx, { user, server, tool, reason }: Names): Promise<void> {
  if (user !== undefined && !(await isPerson(ctx, user))) throw unknown(`There is no person ${user}`)
  if (server !== undefined && !(await isServer(ctx, server))) throw unknown(`There is no server ${server}`)
  if (tool !== undefined && !(await isTool(ctx, tool))) throw unknown(`No server has a tool ${tool}`)
  if (reason !== undefined && !AUDIT_REASONS.has(reason) && !(await isRecorded(ctx, ['reason'], reason)))
    throw new ApiError('not_found', `${reason} is none of the reasons that docs/audit.md lists, and no record has it.`)
}

const unknown = (words: string) => new ApiError('not_found', `${words}, and no record names one.`)

async function isPerson(ctx: Ctx, name: string): Promise<boolean> {
  const { rows } = await sql<{ known: boolean }>`select exists (
      select from users where handle = ${name} or id::text = ${name}
    ) as known`.execute(ctx.db)
  return rows[0]?.known === true || (await isRecorded(ctx, ['handle', 'subject'], name))
}

async function isServer(ctx: Ctx, id: string): Promise<boolean> {
  const row = await ctx.db.selectFrom('servers').select('id').where('id', '=', id).executeTakeFirst()
  return row !== undefined || (await isRecorded(ctx, ['server'], id))
}

async function isTool(ctx: Ctx, name: string): Promise<boolean> {
  if ([...ctx.catalog.values()].some(({ tools }) => tools.has(name))) return true
  const definitions = await readDefinitionFacts(ctx.db)
  return definitions.some((row) => row.name === name) || (await isRecorded(ctx, ['tool'], name))
}

async function isRecorded(
  { db }: Ctx,
  columns: readonly ('handle' | 'subject' | 'server' | 'tool' | 'reason')[],
  name: string,
): Promise<boolean> {
  const row = await db
    .selectFrom('audit_headers')
    .select('seq')
    .where((eb) => eb.or(columns.map((column) => eb(column, '=', name))))
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}
