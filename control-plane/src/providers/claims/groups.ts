import type { ClaimRule } from '@bir/sdk/contract/provider'
import type { MappedClaims } from './mapped-claims.ts'
import { readClaim, readTexts } from './read-claim.ts'
import type { RawClaims } from './read-claim.ts'

const usualGroups = { from: 'groups', prefix: undefined, map: undefined }

/** The groups of a person by the handles that they have here. What the provider did not send changes nothing. */
export function mapGroups({ groups = usualGroups }: ClaimRule, claims: RawClaims): Pick<MappedClaims, 'groups' | 'notes'> {
  if (groups === false) return { groups: undefined, notes: [] }
  const { from, prefix = '', map } = groups
  const hasMore = hasMoreElsewhere(claims, from)
  const names = hasMore ? undefined : readTexts(claims, from)
  if (!names) return { groups: undefined, notes: noteOf(from, hasMore, readClaim(claims, from)) }
  const shorter = names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length))
  const mapped = map ? shorter.flatMap((name) => (Object.hasOwn(map, name) ? (map[name] ?? []) : [])) : shorter
  return { groups: [...new Set(mapped)], notes: [] }
}

/**
 * Entra ID sends no groups, or not all, of a person who has too many for a token ("groups overage"): it then says where
 * to ask for the claim (OpenID Connect Core 5.6.2, distributed claims), or `hasgroups`.
 */
function hasMoreElsewhere(claims: RawClaims, from: string): boolean {
  const elsewhere = claims['_claim_names']
  if (typeof elsewhere === 'object' && elsewhere !== null && Object.hasOwn(elsewhere, from)) return true
  return from === 'groups' && claims['hasgroups'] === true
}

function noteOf(from: string, hasMore: boolean, value: unknown): string[] {
  if (hasMore)
    return [
      `The provider does not send the claim ${from}, because this person has more groups than it puts into a token: memberships stay as they were. An administrator of the provider can have it send only the groups that are assigned to the gateway's client.`,
    ]
  return value === undefined || value === null ? [] : [`The claim ${from} is no list of texts: memberships stay as they were.`]
}
