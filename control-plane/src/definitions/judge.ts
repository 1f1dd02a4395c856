import type { RemoteSettings } from '@bir/sdk/contract/remote'
import type { OfferedTool } from './offered.ts'

/** A stored definition. A tool has at most one with a decision and one that is pending. */
export interface DefinitionRow extends OfferedTool {
  state: 'approved' | 'pending' | 'retired'
  /** Why an administrator should review it; null after the review. */
  mark: 'new' | 'changed' | null
  /** The last reviewed definition, when this one replaced it without a review. */
  reviewed: string | null
  decidedBy: string | null
}

export interface Rule {
  trust: RemoteSettings['trust']
  /**
   * What the first definitions since the server's registration are approved by: the registration, not a person who
   * looked at them. Not set for any later ones.
   */
  approvedBy?: string | undefined
}

/** Retired tools are stored so that they may come back. The limit protects against a server that invents names. */
const maxRetired = 2000

/**
 * Decides which rows there should be after a server offers these tools. A pure function: the same offer again gives
 * the same rows.
 */
export function judge(rows: readonly DefinitionRow[], offered: readonly OfferedTool[], rule: Rule): DefinitionRow[] {
  const rowsByName = Map.groupBy(rows, ({ name }) => name)
  const offers = new Map(offered.map((offer) => [offer.name, offer]))
  const names = [...new Set([...rowsByName.keys(), ...offers.keys()])]
  const next = names.flatMap((name) => judgeTool(rowsByName.get(name) ?? [], offers.get(name), rule))
  const excess = new Set(next.filter(({ state }) => state === 'retired').slice(maxRetired))
  return next.filter((row) => !excess.has(row))
}

function judgeTool(rows: readonly DefinitionRow[], offer: OfferedTool | undefined, { trust, approvedBy }: Rule): DefinitionRow[] {
  const decided = rows.find(({ state }) => state !== 'pending')
  if (!offer) return decided ? [{ ...decided, state: 'retired' }] : []
  if (decided?.hash === offer.hash) return [{ ...decided, flags: offer.flags, state: 'approved' }]

  const approved = { ...offer, state: 'approved', mark: null, reviewed: null, decidedBy: null } as const
  if (approvedBy !== undefined) return [{ ...approved, decidedBy: approvedBy }]
  if (trust === 'off' || decided?.reviewed === offer.definition) return [approved]
  if (trust === 'warn') return [{ ...approved, ...reviewMark(decided) }]
  const pending: DefinitionRow = { ...approved, state: 'pending', mark: decided ? 'changed' : 'new' }
  return decided ? [{ ...decided, state: 'approved' }, pending] : [pending]
}

/**
 * A definition may change many times without a review. `reviewed` stays the one that an administrator last reviewed.
 */
function reviewMark(decided: DefinitionRow | undefined): Pick<DefinitionRow, 'mark' | 'reviewed'> {
  if (!decided) return { mark: 'new', reviewed: null }
  return decided.mark === null ? { mark: 'changed', reviewed: decided.definition } : { mark: decided.mark, reviewed: decided.reviewed }
}

/** The tools that the server offers, from the stored rows: of a tool that has two, the one that waits. */
export function lastOffered(rows: readonly DefinitionRow[]): DefinitionRow[] {
  const present = rows.filter(({ state }) => state !== 'retired')
  const pendingNames = new Set(present.filter(({ state }) => state === 'pending').map(({ name }) => name))
  return present.filter(({ name, state }) => state === 'pending' || !pendingNames.has(name))
}
