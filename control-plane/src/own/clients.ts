import type { Api } from '@bir/sdk/contract/api'
import type { OwnClient } from '@bir/sdk/contract/api-own'
import type { z } from 'zod'
import { storedHeader } from '../audit/read-chain.ts'
import type { Ctx } from '../base/context.ts'
import { sql } from 'kysely'
import { callerRow } from './caller.ts'

type Item = z.output<typeof OwnClient>

const spanMs = 31 * 24 * 3_600_000
/** So many of the caller's newest records are looked at. */
const maxRecords = 5_000
const maxClients = 50

/** The clients by which the caller made requests at a data plane, from the records of these requests. */
export async function clients(ctx: Ctx, { since }: z.output<Api['own']['clients']['input']>): Promise<{ items: Item[] }> {
  const { id, handle } = await callerRow(ctx)
  const earliest = new Date(Date.now() - spanMs)
  const rows = await ctx.db
    .selectFrom('audit_headers')
    .select(['at', 'header'])
    .where('handle', '=', handle)
    .where('subject', '=', id)
    .where('kind', '=', 'call')
    .where('at', '>=', since === undefined ? earliest : new Date(Math.max(earliest.getTime(), Date.parse(since))))
    .orderBy('at', 'desc')
    .limit(maxRecords)
    .execute()
  const lastAt = new Map<string, Date>()
  for (const { at, header } of rows) {
    const client = clientIn(header)
    if (client !== undefined && !lastAt.has(client)) lastAt.set(client, at)
  }
  const names = await namesOf(ctx, [...lastAt.keys()])
  const items = [...lastAt].map(([client, at]) => ({ client, name: names.get(client) ?? null, lastAt: at.toISOString() }))
  return { items: items.slice(0, maxClients) }
}

function clientIn(header: string): string | undefined {
  try {
    return storedHeader(header).header.client
  } catch {
    return undefined
  }
}

function nameIn({ client_name }: Record<string, unknown>): string | undefined {
  return typeof client_name === 'string' ? client_name : undefined
}

async function namesOf({ db }: Ctx, ids: readonly string[]): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map()
  const isOne = sql<boolean>`client_id = any(${ids}::text[])`
  const stored = await db.selectFrom('oauth_clients').select(['client_id', 'name']).where(isOne).execute()
  const described = await db.selectFrom('client_documents').select(['client_id', 'document']).where(isOne).execute()
  return new Map([
    ...described.map(({ client_id, document }): [string, string] => [client_id, nameIn(document) ?? client_id]),
    ...stored.map(({ client_id, name }): [string, string] => [client_id, name]),
  ])
}
