import { expect, test } from 'vitest'
import type { ClaimRule } from '@bir/sdk/contract/provider'
import { mapClaims } from './map-claims.ts'
import { wholeClaims } from './whole-claims.ts'

const rule: ClaimRule = { groups: { from: 'groups' }, roles: { from: 'realm_access.roles', administrator: ['admin'] } }
const of = (claims: Record<string, unknown>, rules?: ClaimRule[]) => {
  const provider = { handle: 'corp', ...(rules && { claims: rules }) }
  return mapClaims(provider, wholeClaims(provider, { sub: 's', preferred_username: 'ana', ...claims }))
}

test('at a sign-in, whoever lacks the claims that the rule names is in no group and no administrator', () => {
  expect(of({}, [rule])).toMatchObject({ groups: [], administrator: false })
  expect(of({ realm_access: {} }, [rule])).toMatchObject({ administrator: false })
  expect(of({ groups: ['x'], realm_access: { roles: ['admin'] } }, [rule])).toMatchObject({ groups: ['x'], administrator: true })
})

test('a claim that no rule names changes nothing when it is absent, and one that is elsewhere neither', () => {
  expect(of({})).toMatchObject({ groups: undefined, administrator: undefined })
  expect(of({}, [{ groups: false, roles: false }])).toMatchObject({ groups: undefined, administrator: undefined })
  expect(of({ _claim_names: { groups: 'src1' } }, [rule])).toMatchObject({ groups: undefined })
})
