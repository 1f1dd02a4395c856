import { ClaimRule } from '@bir/sdk/contract/provider'
import { expect, test } from 'vitest'
import { ProviderFault } from '../faults/provider-fault.ts'
import { mapClaims } from './map-claims.ts'

const of = (claims: object, ...rules: unknown[]) =>
  mapClaims(
    { handle: 'corp', ...(rules.length === 0 ? {} : { claims: rules.map((rule) => ClaimRule.parse(rule)) }) },
    { sub: 's-1', ...claims },
  )

function faultOf(work: () => unknown): ProviderFault {
  try {
    work()
  } catch (error) {
    if (error instanceof ProviderFault) return error
    throw error
  }
  throw new Error('it went well')
}

test('without rules the usual claims count', () => {
  const claims = { preferred_username: 'Alice', name: 'Alice A.', email: 'a@bank.example', email_verified: true, groups: ['x'], roles: [] }
  expect(of(claims)).toEqual({
    subject: 's-1',
    handle: 'alice',
    name: 'Alice A.',
    email: 'a@bank.example',
    isEmailVerified: true,
    groups: ['x'],
    administrator: false,
    notes: [],
  })
})

test('claims that are absent change nothing, and a list that is empty takes everything', () => {
  expect(of({})).toMatchObject({ groups: undefined, administrator: undefined })
  expect(of({ groups: [], roles: [] })).toMatchObject({ groups: [], administrator: false })
})

test.for([
  ['Entra ID', { preferred_username: 'ana@bank.example', upn: 'ana@bank.example' }, { handle: '{upn|local}' }, 'ana'],
  ['Google', { email: 'ana@bank.example', hd: 'bank.example' }, { handle: 'email' }, 'ana@bank.example'],
  ['GitLab', { nickname: 'ana' }, { handle: 'nickname' }, 'ana'],
  ['Keycloak', { acct: { login: 'ana' } }, { handle: 'acct.login' }, 'ana'],
  ['Auth0', { 'https://bank.example/login': 'ana' }, { handle: 'https://bank.example/login' }, 'ana'],
  ['two claims', { given: 'Ana', id: '7' }, { handle: '{given}.{id}' }, 'ana.7'],
  ['a suffix', { preferred_username: 'ana' }, { handle: '{preferred_username}.corp' }, 'ana.corp'],
] as const)('a handle as of %s', ([, claims, rule, handle]) => {
  expect(of(claims, rule).handle).toBe(handle)
})

test.for([
  [{}, 'has no preferred_username'],
  [{ preferred_username: 'Ana Maria' }, 'says "Ana Maria", which cannot be a handle'],
  [{ preferred_username: ['ana'] }, 'has no preferred_username'],
] as const)('the claims %j give no handle, and say why', ([claims, handleFault]) => {
  expect(of(claims)).toMatchObject({ handle: undefined, handleFault })
})

test('the first rule that matches decides, and a person whom none matches is refused', () => {
  const rules = [
    { when: { claim: 'hd', equals: 'bank.example' }, handle: '{email|local}' },
    {
      when: [
        { claim: 'email', matches: '*@*.PARTNER.example' },
        { claim: 'groups', contains: 'bir' },
      ],
      handle: 'email',
      groups: false,
    },
    { when: { claim: 'email', matches: '*@rival.example' }, refuse: 'People of the rival are not served.' },
  ]
  expect(of({ hd: 'bank.example', email: 'ana@bank.example' }, ...rules).handle).toBe('ana')
  expect(of({ email: 'bo@x.partner.example', groups: ['bir'] }, ...rules)).toMatchObject({
    handle: 'bo@x.partner.example',
    groups: undefined,
  })
  expect(faultOf(() => of({ email: 'eve@rival.example' }, ...rules))).toMatchObject({
    reason: 'claims-refused',
    what: 'People of the rival are not served.',
  })
  expect(faultOf(() => of({ email: 'bo@x.partner.example' }, ...rules)).what).toContain('None of the rules')
})

test.for([
  ['a*a', 'a', false],
  ['a*a', 'aa', true],
  ['*b*', 'abc', true],
  ['a*b*c', 'acb', false],
  ['*ab*ab', 'ab', false],
  ['x', 'X', true],
  ['*', '', true],
  ['*@bank.example', 'eve@bank.example.evil', false],
] as const)('the pattern %s and the text %j: %s', ([matches, value, isMet]) => {
  const decided = () => of({ c: value }, { when: { claim: 'c', matches } })
  if (isMet) expect(decided).not.toThrow()
  else expect(decided).toThrow('None of the rules')
})

test('groups come from another claim, lose a prefix, and get the handles that they have here', () => {
  const claims = { realm_access: { roles: ['bir-analysts', 'bir-risk', 'other'] } }
  expect(of(claims, { groups: { from: 'realm_access.roles', prefix: 'bir-' } }).groups).toEqual(['analysts', 'risk'])
  const map = { analysts: 'quants' }
  expect(of(claims, { groups: { from: 'realm_access.roles', prefix: 'bir-', map } }).groups).toEqual(['quants'])
  expect(of({ g: 'analysts' }, { groups: { from: 'g' } }).groups).toEqual(['analysts'])
})

test.for([
  [{ _claim_names: { groups: 'src1' } }, 'more groups than it puts into a token'],
  [{ _claim_names: { groups: 'src1' }, groups: ['some'] }, 'more groups than it puts into a token'],
  [{ hasgroups: true }, 'more groups than it puts into a token'],
  [{ groups: [{ id: 1 }] }, 'is no list of texts'],
] as const)('with the claims %j memberships stay as they were, and a note says why', ([claims, note]) => {
  expect(of(claims)).toMatchObject({ groups: undefined, notes: [expect.stringContaining(note)] })
})

test('roles come from another claim, and several values may make an administrator', () => {
  const rule = { roles: { from: 'app_roles', administrator: ['Owner', 'Admin'] } }
  expect(of({ app_roles: ['Admin'] }, rule).administrator).toBe(true)
  expect(of({ app_roles: ['admin'], roles: ['administrator'] }, rule).administrator).toBe(false)
  expect(of({ roles: ['administrator'] }, { roles: false }).administrator).toBeUndefined()
})

test('an address counts as verified by email_verified, or by the word of an administrator for this claim', () => {
  expect(of({ email: 'a@bank.example', email_verified: 'true' }).isEmailVerified).toBe(false)
  expect(of({ upn: 'a@bank.example', email_verified: true }, { email: 'upn' }).isEmailVerified).toBe(false)
  expect(of({ upn: 'a@bank.example' }, { email: { from: 'upn', verified: true } })).toMatchObject({
    email: 'a@bank.example',
    isEmailVerified: true,
  })
  expect(of({ email: 'a@bank.example', email_verified: true }, { email: { from: 'email', verified: false } }).isEmailVerified).toBe(false)
})

test('a provider for some domains refuses people whose verified address is elsewhere, or who have none', () => {
  const provider = { handle: 'corp', domains: ['bank.example'] }
  const claims = { sub: 's', preferred_username: 'ana', email_verified: true }
  expect(mapClaims(provider, { ...claims, email: 'ana@BANK.example' }).handle).toBe('ana')
  expect(faultOf(() => mapClaims(provider, { ...claims, email: 'ana@evil.example' })).what).toContain('evil.example may not sign in')
  expect(faultOf(() => mapClaims(provider, { ...claims, email: 'ana@bank.example', email_verified: false })).what).toContain(
    'no verified address',
  )
  expect(faultOf(() => mapClaims(provider, { ...claims, email: 'ana@sub.bank.example' })).what).toContain('may not sign in')
})

test.for(['\u0000', '\ud800'])('claims with %j, which nothing can store, are left out, and the subject is refused', (unfit) => {
  expect(of({ name: `a${unfit}`, groups: [`a${unfit}`, 'analysts'] })).toMatchObject({ name: undefined, groups: ['analysts'] })
  expect(faultOf(() => mapClaims({ handle: 'corp' }, { sub: `s${unfit}` })).reason).toBe('claims-refused')
})

test.for([
  [{ when: { claim: 'x' } }, 'exactly one comparison'],
  [{ when: { claim: 'x', equals: 'a', matches: 'b' } }, 'exactly one comparison'],
  [{ refuse: 'No.', handle: 'x' }, 'no other field but when'],
  [{ handle: '{a b}' }, 'name of a claim'],
  [{ handle: '{email|upper}' }, 'name of a claim'],
  [{ handle: '{}' }, 'name of a claim'],
  [{ handel: 'x' }, 'handel'],
] as const)('the rule %j is refused', ([rule, why]) => {
  const parsed = ClaimRule.safeParse(rule)
  expect(JSON.stringify(parsed.error?.issues)).toContain(why)
})
