import { matchRule } from './map-claims.ts'
import type { ClaimSource } from './map-claims.ts'
import { readClaim } from './read-claim.ts'
import type { RawClaims } from './read-claim.ts'

/**
 * The claims of a sign-in, which has all that the provider says of a person. A claim that the rule names and the person
 * lacks is then an empty list: Keycloak and Entra ID leave out empty lists, and whoever has left the last group, or is
 * an administrator no more, must not stay what they were. A token alone may lack claims for other reasons.
 */
export function wholeClaims(provider: ClaimSource, claims: RawClaims): RawClaims {
  const { groups, roles } = matchRule(provider, claims)?.rule ?? {}
  const named = [groups, roles].flatMap((rule) => (rule ? [rule.from] : []))
  const absent = named.filter((name) => readClaim(claims, name) === undefined)
  return absent.length === 0 ? claims : { ...claims, ...Object.fromEntries(absent.map((name) => [name, []])) }
}
