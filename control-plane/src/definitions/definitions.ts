import type { Api } from '@bir/sdk/contract/api'
import type { ToolDefinition as ToolDefinitionSchema, TrustState } from '@bir/sdk/contract/entities'
import { inferLevel } from '@bir/sdk/contract/infer-level'
import type { z } from 'zod'
import { ApiError, notFound } from '../base/api-error.ts'
import { change } from '../base/context.ts'
import type { Ctx } from '../base/context.ts'
import { describeDifferences } from './difference.ts'
import { readDefinitions, writeDefinitions } from './rows.ts'
import type { StoredDefinition } from './rows.ts'
import type { Db } from '../policy-rows/types.ts'

type Input<K extends keyof Api['servers']> = z.output<Api['servers'][K]['input']>
type ToolDefinition = z.infer<typeof ToolDefinitionSchema>

/** The at most two definitions of a tool: the one with a decision, and the one that waits for approval. */
interface DefinitionPair {
  decided: StoredDefinition | undefined
  pending: StoredDefinition | undefined
}

export async function list({ db }: Ctx, { id }: Input<'definitions'>): Promise<{ items: ToolDefinition[] }> {
  await requireRemoteServer(db, id)
  const byName = Map.groupBy(await readDefinitions(db, id), ({ name }) => name)
  return { items: [...byName].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([name, rows]) => definitionEntities(name, pairOf(rows))) }
}

const pairOf = (rows: readonly StoredDefinition[]): DefinitionPair => ({
  decided: rows.find(({ state }) => state !== 'pending'),
  pending: rows.find(({ state }) => state === 'pending'),
})

/** The trust state of a tool, from all its rows. */
export function trustState(rows: readonly { state: StoredDefinition['state']; mark: StoredDefinition['mark'] }[]): TrustState {
  if (rows.some(({ state }) => state === 'pending')) return 'held'
  if (rows.every(({ state }) => state === 'retired')) return 'retired'
  return rows.some(({ mark }) => mark !== null) ? 'unreviewed' : 'approved'
}

/** The tool as the API returns it. No entry if there is no definition. */
function definitionEntities(name: string, { decided, pending }: DefinitionPair): ToolDefinition[] {
  const newest = pending ?? decided
  if (!newest) return []
  const state = trustState([decided, pending].filter((row) => row !== undefined))
  const approved = state === 'unreviewed' ? (decided?.reviewed ?? null) : (decided?.definition ?? null)
  const offered = state === 'retired' ? null : newest.definition
  const canCompare = approved !== null && offered !== null
  return [
    {
      name,
      state,
      level: inferLevel(name, { readOnly: newest.readOnly ?? undefined, destructive: newest.destructive ?? undefined }),
      flags: [...(newest.mark === null ? [] : [newest.mark]), ...newest.flags],
      approved: parse(approved),
      offered: parse(offered),
      hash: newest.hash,
      difference: canCompare ? describeDifferences(parse(approved), parse(offered)) : [],
      firstSeen: newest.firstSeen.toISOString(),
      decidedBy: decided?.decidedBy ?? null,
    },
  ]
}

const parse = (definition: string | null) => (definition === null ? null : (JSON.parse(definition) as Record<string, unknown>))

/** Approves definitions after an administrator's review: from now on they are served. */
export async function approve(ctx: Ctx, { id, names, seen: reviewedHashes = {} }: Input<'approve'>) {
  const { value: approved, revision } = await change(ctx, { action: 'servers.approve', target: id }, async (trx) => {
    await requireRemoteServer(trx, id)
    const before = await readDefinitions(trx, id)
    const undecided = before.filter(({ state, mark }) => state === 'pending' || (state === 'approved' && mark !== null))
    const chosen = selectForApproval(id, before, undecided, names)
    const hasOtherHash = ({ name, hash }: StoredDefinition) => Object.hasOwn(reviewedHashes, name) && reviewedHashes[name] !== hash
    const outdated = chosen.filter(hasOtherHash).map(({ name }) => name)
    if (outdated.length > 0)
      throw new ApiError('conflict', `Meanwhile the server offers another definition of ${outdated.join(', ')}: look at it first.`)
    if (chosen.length === 0) return { value: [], dirty: 'nothing' }

    const replaced = new Set(chosen.map(({ name }) => name))
    const decision = { state: 'approved', mark: null, reviewed: null, decidedBy: ctx.actor.label } as const
    const after = [...before.filter(({ name }) => !replaced.has(name)), ...chosen.map((row) => ({ ...row, ...decision }))]
    await writeDefinitions(trx, id, { before, after })
    return { value: [...replaced].sort(), dirty: [], detail: chosen.map(({ name, hash }) => `${name} ${hash}`).join('\n') }
  })
  return { revision, approved }
}

/** The undecided definitions of these tools. If a tool has two, it is the pending one. */
function selectForApproval(
  id: string,
  rows: readonly StoredDefinition[],
  undecided: readonly StoredDefinition[],
  names: readonly string[] | undefined,
) {
  const offered = new Set(rows.filter(({ state }) => state !== 'retired').map(({ name }) => name))
  const unknown = (names ?? []).filter((name) => !offered.has(name))
  if (unknown.length > 0) throw new ApiError('not_found', `The server ${id} offers no tool ${unknown.join(', ')}.`)
  const newest = new Map<string, StoredDefinition>()
  for (const row of undecided) if (row.state === 'pending' || !newest.has(row.name)) newest.set(row.name, row)
  return [...newest.values()].filter(({ name }) => names === undefined || names.includes(name))
}

async function requireRemoteServer(db: Db, id: string): Promise<void> {
  const row = await db.selectFrom('servers').select('kind').where('id', '=', id).executeTakeFirst()
  if (!row) throw notFound('server', id)
  if (row.kind !== 'remote')
    throw new ApiError('invalid_input', `The server ${id} is mounted: its tools are the gateway's own, and need no approval.`)
}
