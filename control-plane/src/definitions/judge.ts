import type { RemoteSettings } from '@bir/sdk/contract/remote'
import type { Offered } from './offered.ts'

/** A definition as it is kept. A tool has at most one that is decided upon and one that is pending. */
export interface DefinitionRow extends Offered {
  state: 'approved' | 'pending' | 'retired'
  /** Why an administrator should look; null once one has. */
  mark: 'new' | 'changed' | null
  /** What it took the place of unreviewed. */
  reviewed: string | null
  decidedBy: string | null
}

export interface Rule {
  trust: RemoteSettings['trust']
  /** Set when these are the first definitions since this administrator registered the server. */
  approvedBy?: string | undefined
}

/** Tools that went away are remembered, so that they may come back; a server that invents names is not remembered without end. */
const maxRetired = 2000

/** What becomes of a server's definitions when it offers these: the rows there should be. Pure, and the same again for the same offer. */
export function judge(known: readonly DefinitionRow[], offered: readonly Offered[], rule: Rule): DefinitionRow[] {
  const rows = Map.groupBy(known, ({ name }) => name)
  const offers = new Map(offered.map((offer) => [offer.name, offer]))
  const next = [...new Set([...rows.keys(), ...offers.keys()])].flatMap((name) => judgeOne(rows.get(name) ?? [], offers.get(name), rule))
  const forgotten = new Set(next.filter(({ state }) => state === 'retired').slice(maxRetired))
  return next.filter((row) => !forgotten.has(row))
}

function judgeOne(rows: readonly DefinitionRow[], offer: Offered | undefined, { trust, approvedBy }: Rule): DefinitionRow[] {
  const decided = rows.find(({ state }) => state !== 'pending')
  if (!offer) return decided ? [{ ...decided, state: 'retired' }] : []
  if (decided?.hash === offer.hash) return [{ ...decided, flags: offer.flags, state: 'approved' }]

  const served = { ...offer, state: 'approved', mark: null, reviewed: null, decidedBy: null } as const
  if (approvedBy !== undefined) return [{ ...served, decidedBy: approvedBy }]
  if (trust === 'off' || decided?.reviewed === offer.definition) return [served]
  if (trust === 'warn') return [{ ...served, ...unreviewed(decided) }]
  const held: DefinitionRow = { ...served, state: 'pending', mark: decided ? 'changed' : 'new' }
  return decided ? [{ ...decided, state: 'approved' }, held] : [held]
}

/** However often it changes before anybody looks, it is compared with what somebody last knew. */
function unreviewed(decided: DefinitionRow | undefined): Pick<DefinitionRow, 'mark' | 'reviewed'> {
  if (!decided) return { mark: 'new', reviewed: null }
  return decided.mark === null ? { mark: 'changed', reviewed: decided.definition } : { mark: decided.mark, reviewed: decided.reviewed }
}

/** What is offered, as far as is known here: for judging anew when the policy of trust changes. */
export function lastOffered(known: readonly DefinitionRow[]): Offered[] {
  const present = known.filter(({ state }) => state !== 'retired')
  const waiting = new Set(present.filter(({ state }) => state === 'pending').map(({ name }) => name))
  return present.filter(({ name, state }) => state === 'pending' || !waiting.has(name))
}
