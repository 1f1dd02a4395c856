import type { ClaimCondition, ClaimRule } from '@bir/sdk/contract/provider'
import { readClaim } from './read-claim.ts'
import type { RawClaims } from './read-claim.ts'

/** Whether all conditions of a rule hold. A claim that is missing fulfils none. */
export function holds({ when = [] }: ClaimRule, claims: RawClaims): boolean {
  return [when].flat().every((condition) => isMet(condition, readClaim(claims, condition.claim)))
}

function isMet({ equals, contains, matches }: ClaimCondition, value: unknown): boolean {
  if (equals !== undefined) return value === equals
  if (contains !== undefined) return Array.isArray(value) && value.includes(contains)
  return matches !== undefined && typeof value === 'string' && matchesPattern(value.toLowerCase(), matches.toLowerCase())
}

/** Takes the first place for each part, so a long text of the provider costs no more than one walk a part. */
function matchesPattern(text: string, pattern: string): boolean {
  const parts = pattern.split('*')
  const [first = '', last = ''] = [parts[0], parts.at(-1)]
  if (parts.length === 1) return text === pattern
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false
  let from = first.length
  const end = text.length - last.length
  for (const part of parts.slice(1, -1)) {
    const at = text.indexOf(part, from)
    if (at === -1 || at + part.length > end) return false
    from = at + part.length
  }
  return true
}
