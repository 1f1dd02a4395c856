import type { Api } from '@bir/sdk/contract/api'
import type { ToolDefinition as ToolDefinitionSchema, TrustState } from '@bir/sdk/contract/entities'
import { inferLevel } from '@bir/sdk/contract/infer-level'
import type { z } from 'zod'
import { ApiError, notFound } from '../base/api-error.ts'
import type { Ctx } from '../base/context.ts'
import { describeDifferences } from './difference.ts'
import { readDefinitions } from './rows.ts'
import type { StoredDefinition } from './rows.ts'
import { shortHashOf } from './short-hash.ts'
import { readListFaults } from './list-faults.ts'
import type { Db, ServerRow } from '../policy-rows/types.ts'

type Input = z.output<Api['servers']['definitions']['input']>
type ToolDefinition = z.infer<typeof ToolDefinitionSchema>

/** The at most two definitions of a tool: the one with a decision, and the one that waits for approval. */
interface DefinitionPair {
  decided: StoredDefinition | undefined
  pending: StoredDefinition | undefined
}

export async function list(ctx: Ctx, { id }: Input): Promise<{ items: ToolDefinition[]; listFaults: string[] }> {
  const labels = await requireRemoteServer(ctx.db, id)
  const isHidden = (name: string) => Object.hasOwn(labels, name) && labels[name]?.hidden === true
  const byName = Map.groupBy(await readDefinitions(ctx.db, id), ({ name }) => name)
  const sorted = [...byName].sort(([a], [b]) => (a < b ? -1 : 1))
  const told = (await readListFaults(ctx.db)).filter(({ server }) => server === id)
  return {
    listFaults: [...new Set(told.flatMap(({ faults }) => faults))],
    items: sorted.flatMap(([name, rows]) =>
      definitionEntities(name, pairOf(rows), { isHidden: isHidden(name), shortHash: (row) => shortHashOf(ctx, id, row) }),
    ),
  }
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
function definitionEntities(
  name: string,
  { decided, pending }: DefinitionPair,
  { isHidden, shortHash }: { isHidden: boolean; shortHash: (row: StoredDefinition) => string },
): ToolDefinition[] {
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
      shortHash: shortHash(newest),
      difference: canCompare ? describeDifferences(parse(approved), parse(offered)) : [],
      firstSeen: newest.firstSeen.toISOString(),
      decidedBy: decided?.decidedBy ?? null,
      hidden: isHidden,
    },
  ]
}

const parse = (definition: string | null) => (definition === null ? null : (JSON.parse(definition) as Record<string, unknown>))

/** Resolves with the labels of the server's tools. Rejects unless there is such a remote server. */
export async function requireRemoteServer(db: Db, id: string): Promise<ServerRow['labels']> {
  const row = await db.selectFrom('servers').select(['kind', 'labels']).where('id', '=', id).executeTakeFirst()
  if (!row) throw notFound('server', id)
  if (row.kind !== 'remote')
    throw new ApiError('invalid_input', `The server ${id} is mounted: its tools are the gateway's own, and need no approval.`)
  return row.labels
}
