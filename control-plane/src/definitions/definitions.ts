import type { Api } from '@bir/sdk/contract/api'
import type { ToolDefinition as ToolDefinitionSchema, TrustState } from '@bir/sdk/contract/entities'
import { inferLevel } from '@bir/sdk/contract/infer-level'
import type { z } from 'zod'
import { ApiError, notFound } from '../base/api-error.ts'
import { change } from '../base/context.ts'
import type { Ctx } from '../base/context.ts'
import { differenceWords } from './difference.ts'
import { readDefinitions, writeDefinitions } from './rows.ts'
import type { StoredDefinition } from './rows.ts'
import type { Db } from '../policy-rows/types.ts'

type Input<K extends keyof Api['servers']> = z.output<Api['servers'][K]['input']>
type ToolDefinition = z.infer<typeof ToolDefinitionSchema>

/** What a tool's definitions come to. */
interface Standing {
  decided: StoredDefinition | undefined
  waiting: StoredDefinition | undefined
}

export async function list({ db }: Ctx, { id }: Input<'definitions'>): Promise<{ items: ToolDefinition[] }> {
  await remoteNamed(db, id)
  const byName = Map.groupBy(await readDefinitions(db, id), ({ name }) => name)
  return { items: [...byName].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([name, rows]) => shown(name, standingOf(rows))) }
}

const standingOf = (rows: readonly StoredDefinition[]): Standing => ({
  decided: rows.find(({ state }) => state !== 'pending'),
  waiting: rows.find(({ state }) => state === 'pending'),
})

/** How a tool stands, from whatever is known of its rows. */
export function trustState(rows: readonly { state: StoredDefinition['state']; mark: StoredDefinition['mark'] }[]): TrustState {
  if (rows.some(({ state }) => state === 'pending')) return 'held'
  if (rows.every(({ state }) => state === 'retired')) return 'retired'
  return rows.some(({ mark }) => mark !== null) ? 'unreviewed' : 'approved'
}

function shown(name: string, { decided, waiting }: Standing): ToolDefinition[] {
  const newest = waiting ?? decided
  if (!newest) return []
  const state = trustState([decided, waiting].filter((row) => row !== undefined))
  const approved = state === 'unreviewed' ? (decided?.reviewed ?? null) : (decided?.definition ?? null)
  const offered = state === 'retired' ? null : newest.definition
  const both = approved !== null && offered !== null
  return [
    {
      name,
      state,
      level: inferLevel(name, { readOnly: newest.readOnly ?? undefined, destructive: newest.destructive ?? undefined }),
      flags: [...(newest.mark === null ? [] : [newest.mark]), ...newest.flags],
      approved: parsed(approved),
      offered: parsed(offered),
      hash: newest.hash,
      difference: both ? differenceWords(parsed(approved), parsed(offered)) : [],
      firstSeen: newest.firstSeen.toISOString(),
      decidedBy: decided?.decidedBy ?? null,
    },
  ]
}

const parsed = (definition: string | null) => (definition === null ? null : (JSON.parse(definition) as Record<string, unknown>))

/** An administrator has looked: what is offered is what is served from now on. */
export async function approve(ctx: Ctx, { id, names, seen = {} }: Input<'approve'>) {
  const { value: approved, revision } = await change(ctx, { action: 'servers.approve', target: id }, async (trx) => {
    await remoteNamed(trx, id)
    const before = await readDefinitions(trx, id)
    const open = before.filter(({ state, mark }) => state === 'pending' || (state === 'approved' && mark !== null))
    const chosen = chosenOf(id, before, open, names)
    const other = chosen.filter(({ name, hash }) => Object.hasOwn(seen, name) && seen[name] !== hash).map(({ name }) => name)
    if (other.length > 0)
      throw new ApiError('conflict', `Meanwhile the server offers another definition of ${other.join(', ')}: look at it first.`)
    if (chosen.length === 0) return { value: [], dirty: 'nothing' }

    const replaced = new Set(chosen.map(({ name }) => name))
    const decision = { state: 'approved', mark: null, reviewed: null, decidedBy: ctx.actor.label } as const
    const after = [...before.filter(({ name }) => !replaced.has(name)), ...chosen.map((row) => ({ ...row, ...decision }))]
    await writeDefinitions(trx, id, { before, after })
    return { value: [...replaced].sort(), dirty: [], detail: chosen.map(({ name, hash }) => `${name} ${hash}`).join('\n') }
  })
  return { revision, approved }
}

/** A pending definition stands for its tool before the one that is served. */
function chosenOf(id: string, known: readonly StoredDefinition[], open: readonly StoredDefinition[], names: readonly string[] | undefined) {
  const offered = new Set(known.filter(({ state }) => state !== 'retired').map(({ name }) => name))
  const unknown = (names ?? []).filter((name) => !offered.has(name))
  if (unknown.length > 0) throw new ApiError('not_found', `The server ${id} offers no tool ${unknown.join(', ')}.`)
  const newest = new Map<string, StoredDefinition>()
  for (const row of open) if (row.state === 'pending' || !newest.has(row.name)) newest.set(row.name, row)
  return [...newest.values()].filter(({ name }) => names === undefined || names.includes(name))
}

async function remoteNamed(db: Db, id: string): Promise<void> {
  const row = await db.selectFrom('servers').select('kind').where('id', '=', id).executeTakeFirst()
  if (!row) throw notFound('server', id)
  if (row.kind !== 'remote')
    throw new ApiError('invalid_input', `The server ${id} is mounted: its tools are the gateway's own, and need no approval.`)
}
