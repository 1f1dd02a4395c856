import { createHash } from 'node:crypto'
import { EVERYONE_ID } from '@bir/db/schema'
import type { GrantRow, PolicyRows, RestrictionRow, SecretFacts } from '../policy-rows/types.ts'

/** The grants and restrictions of one holder: a user, a group, or everyone. */
interface Holdings {
  grants: GrantRow[]
  restrictions: RestrictionRow[]
  /** Of a group. */
  secrets: SecretFacts[]
}

/** Policy rows by holder. Classes and profiles are compiled from them. */
export interface Holders {
  /** By holder id. Only holders that have a grant or a restriction, and groups that have a secret. */
  byId: ReadonlyMap<string, Holdings>
  groupHandles: ReadonlyMap<string, string>
}

export function holdersOf({
  groups,
  grants,
  restrictions,
  secrets,
}: Pick<PolicyRows, 'groups' | 'grants' | 'restrictions' | 'secrets'>): Holders {
  const byId = new Map<string, Holdings>()
  const holdings = (holderId: string) => {
    const existing = byId.get(holderId) ?? { grants: [], restrictions: [], secrets: [] }
    byId.set(holderId, existing)
    return existing
  }
  for (const grant of grants) holdings(grant.holderId).grants.push(grant)
  for (const restriction of restrictions) holdings(restriction.holderId).restrictions.push(restriction)
  // Those of a group count for its members alone: a class has to know who they are.
  for (const secret of secrets) if (secret.kind === 'group') holdings(secret.holderId).secrets.push(secret)
  return { byId, groupHandles: new Map(groups.map(({ id, handle }) => [id, handle])) }
}

/** People of one class have the same grants, restrictions and groups with secrets. */
export interface Class {
  key: string
  /** Sorted ids of the holders that have something. `everyone` is left out, because it is in every class. */
  holders: string[]
}

export function classOf(holders: Holders, person: { id: string; groups: readonly string[] }): Class {
  const ids = [person.id, ...person.groups].filter((id) => id !== EVERYONE_ID && holders.byId.has(id)).sort()
  return { key: classKey(ids), holders: ids }
}

const classKey = (sortedHolderIds: string[]) => createHash('sha256').update(sortedHolderIds.join('\n')).digest('hex').slice(0, 16)
