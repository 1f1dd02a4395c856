import { SHARED_ID } from '@bir/db/schema'
import type { Api } from '@bir/sdk/contract/api'
import type { ListedSecretState, Secret } from '@bir/sdk/contract/secret-entities'
import { EXPIRING_MS } from '@bir/sdk/contract/secret-state'
import { SecretVerdict } from '@bir/sdk/contract/secret-verdict'
import type { Level } from '@bir/sdk/contract/level'
import { Id, ServerId } from '@bir/sdk/contract/names'
import type { Expression, ExpressionBuilder, SqlBool } from 'kysely'
import { sql } from 'kysely'
import type { Database } from '@bir/db/schema'
import type { z } from 'zod'
import type { Actor, Ctx } from '../../base/context.ts'
import { cursorOf, keyOf, notOurs } from '../../base/paging.ts'
import { groupId } from '../../holders/holder.ts'
import { anyOf } from '../../policy-rows/read.ts'
import type { Db } from '../../policy-rows/types.ts'
import { secretHolderNames } from '../rows/holder.ts'
import { stateOf } from '../rows/rows.ts'
import type { SecretRow } from '../rows/rows.ts'
import { missingOf } from './missing.ts'
import { viewOf } from './view.ts'
import type { View } from './view.ts'

type Input = z.output<Api['secrets']['list']['input']>
type Output = z.output<Api['secrets']['list']['output']>

/** Behind the secrets come the servers that lack one: such a cursor names a server, and no id. */
const missingKey = (server: string) => `missing ${server}`
export const secretCursor = (item: { id?: unknown; server?: unknown }) =>
  cursorOf(typeof item.id === 'string' ? item.id : missingKey(String(item.server)))

export async function list({ db, actor, catalog }: Ctx, input: Input): Promise<Output> {
  const { first } = input
  const after = placeAfter(input.after)
  const view = await viewOf(db, actor, input)
  const group = input.group === undefined || view.person ? undefined : await groupId(db, input.group)
  const rows = after.server === undefined && input.state !== 'missing' ? await readRows(db, view, { ...input, group, after: after.id }) : []
  const nowMs = Date.now()
  const names = await secretHolderNames(db, rows)
  const stored = rows.map((row) => entryOf(row, names(row), { nowMs, isWhole: isWhole(row, actor) }))
  const room = first + 1 - stored.length
  const lacking = room > 0 && mayLack(input) && view.person ? await missingOf(db, catalog, view.person, input.server) : []
  const missing = lacking.filter(({ server }) => after.server === undefined || server > after.server).slice(0, room)
  const items = [...stored, ...missing]
  const page = items.slice(0, first)
  const last = page.at(-1)
  return { items: page, next: items.length > first && last ? secretCursor(last) : null }
}

const mayLack = ({ state, group }: Input) => (state === undefined || state === 'missing') && group === undefined

function placeAfter(cursor: string | undefined): { id?: string; server?: string } {
  const key = keyOf(cursor)
  if (key === undefined) return {}
  if (Id.safeParse(key).success) return { id: key }
  const server = /^missing (.+)$/.exec(key)?.[1]
  if (server === undefined || !ServerId.safeParse(server).success) throw notOurs()
  return { server }
}

interface Wanted {
  first: number
  after: string | undefined
  group: string | undefined
  server?: string | undefined
  state?: Input['state']
}

/** Each column alone: the history of a verdict may be long, and a page has a thousand rows at most. */
const columns = [
  'id',
  'holder_kind',
  'holder_id',
  'server',
  'fields',
  'state',
  'verdict',
  'level',
  'expires_at',
  'saved_at',
  'saved_by',
  'checked_at',
  'store',
] as const
type ListedRow = Pick<SecretRow, (typeof columns)[number]>

function readRows(db: Db, view: View, { first, after, group, server, state }: Wanted): Promise<ListedRow[]> {
  return db
    .selectFrom('secrets')
    .select(columns)
    .$if(after !== undefined, (query) => query.where('id', '<', after ?? ''))
    .$if(server !== undefined, (query) => query.where('server', '=', server ?? ''))
    .$if(group !== undefined, (query) => query.where('holder_id', '=', group ?? '').where('holder_kind', '=', 'group'))
    .$if(state !== undefined, (query) => query.where((eb) => inState(eb, state ?? 'ok')))
    .$if(view.person !== undefined, (query) => query.where((eb) => ofPerson(eb, view)))
    .orderBy('id', 'desc')
    .limit(first + 1)
    .execute()
}

type Where = ExpressionBuilder<Database, 'secrets'>

/** Their own, and what they may use of others. */
function ofPerson(eb: Where, { person, groups = [], servers = [] }: View): Expression<SqlBool> {
  const others = [...groups, SHARED_ID]
  const held = eb.and([eb('holder_id', '=', anyOf(others)), eb('server', '=', sql<string>`any(${servers}::text[])`)])
  return eb.or([eb('holder_id', '=', person?.id ?? ''), held])
}

/** A state in the columns: `ok` and `unchecked` end by themselves. */
function inState(eb: Where, state: ListedSecretState): Expression<SqlBool> {
  const now = new Date()
  const soon = new Date(now.getTime() + EXPIRING_MS)
  const lastsBeyond = (at: Date) => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', at)])
  switch (state) {
    case 'ok':
      return eb.and([eb('state', '=', 'ok'), lastsBeyond(soon)])
    case 'expiring':
      return eb.and([eb('state', '=', 'ok'), eb('expires_at', '>', now), eb('expires_at', '<=', soon)])
    case 'unchecked':
      return eb.and([eb('state', '=', 'unchecked'), lastsBeyond(now)])
    case 'expired':
      return eb.or([eb('state', '=', 'expired'), eb.and([eb('state', 'in', ['ok', 'unchecked']), eb('expires_at', '<=', now)])])
    case 'invalid':
    case 'insufficient_scope':
    case 'wrong_person':
    case 'moved':
    case 'missing':
      return eb('state', '=', state)
  }
}

const isWhole = ({ holder_id }: ListedRow, { administrator, userId }: Actor) => administrator || holder_id === userId

function entryOf(row: ListedRow, holder: Secret['holder'], { nowMs, isWhole }: { nowMs: number; isWhole: boolean }): Secret {
  const state = stateOf(row, nowMs)
  const shown = { id: row.id, server: row.server, holder, fields: row.fields, state, level: row.level as Level | null }
  if (!isWhole) return { ...shown, ...unshown, unchecked: state === 'unchecked' }
  const { data: verdict } = SecretVerdict.safeParse(row.verdict)
  return {
    ...shown,
    owner: verdict?.owner ?? null,
    scopes: verdict?.scopes ?? null,
    expiresAt: row.expires_at?.toISOString() ?? null,
    savedAt: row.saved_at.toISOString(),
    savedBy: row.saved_by,
    checkedAt: row.checked_at?.toISOString() ?? null,
    store: row.store,
    unchecked: row.state === 'unchecked',
  }
}

const unshown = {
  owner: null,
  scopes: null,
  expiresAt: null,
  savedAt: null,
  savedBy: null,
  checkedAt: null,
  store: null,
}
