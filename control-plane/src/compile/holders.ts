import { createHash } from 'node:crypto'
import { EVERYONE_ID } from '@bir/db/schema'
import type { GrantRow, PolicyRows, RestrictionRow } from '../policy-rows/types.ts'

/** What one holder has: a user, a group, or everyone. */
interface Holdings {
  grants: GrantRow[]
  restrictions: RestrictionRow[]
}

/** Policy rows by holder: what classes and profiles are compiled from. */
export interface Holders {
  /** Only holders that have something. */
  of: ReadonlyMap<string, Holdings>
  groupHandles: ReadonlyMap<string, string>
}

export function holdersOf({ groups, grants, restrictions }: Pick<PolicyRows, 'groups' | 'grants' | 'restrictions'>): Holders {
  const of = new Map<string, Holdings>()
  const holdings = (holderId: string) => {
    const known = of.get(holderId) ?? { grants: [], restrictions: [] }
    of.set(holderId, known)
    return known
  }
  for (const grant of grants) holdings(grant.holderId).grants.push(grant)
  for (const restriction of restrictions) holdings(restriction.holderId).restrictions.push(restriction)
  return { of, groupHandles: new Map(groups.map(({ id, handle }) => [id, handle])) }
}

/** People of one class hold the same. */
export interface Class {
  key: string
  /** Sorted ids of the holders that have something; everyone, who is in every class, is left out. */
  holders: string[]
}

export function classOf(holders: Holders, person: { id: string; groups: readonly string[] }): Class {
  const ids = [person.id, ...person.groups].filter((id) => id !== EVERYONE_ID && holders.of.has(id)).sort()
  return { key: classKey(ids), holders: ids }
}

const classKey = (sortedHolderIds: string[]) => createHash('sha256').update(sortedHolderIds.join('\n')).digest('hex').slice(0, 16)
