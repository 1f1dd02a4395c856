import { PolicyFile } from '@bir/sdk/contract/policy-file'
import { schemaFaults } from '@bir/sdk/contract/schema-faults'
import { expect, test } from 'vitest'
import { exportPolicy } from '../policy/export.ts'
import { plan } from '../policy/plan.ts'
import { aControlPlane } from '../testing.ts'
import { mapClaims } from './claims/map-claims.ts'
import { test as tryClaims } from './operations.ts'
import { signIn } from './sign-in.ts'

const corp = {
  issuer: 'https://idp.example',
  clientId: 'gateway',
  clientSecret: { secret: 'corp-secret' },
  domains: ['bank.example'],
  claims: [
    { when: { claim: 'email', matches: '*@rival.example' }, refuse: 'People of the rival are not served.' },
    {
      handle: '{email|local}',
      email: { from: 'email', verified: true },
      groups: { from: 'memberOf', map: { 'CN=Analysts': 'analysts', 'CN=Risk': 'risk' } },
      roles: { from: 'app_roles', administrator: ['Owner'] },
    },
  ],
}
const claims = { sub: 's-1', email: 'ana@bank.example', name: 'Ana', memberOf: ['CN=Analysts', 'CN=Risk', 'CN=Other'] }

/** A control plane whose policy has the provider `corp` and the group `analysts`. */
async function aSetUp() {
  const it = await aControlPlane()
  await it.applied(PolicyFile.parse({ providers: { corp }, groups: { analysts: {} } }))
  return it
}

test('the section is stored as the file has it, exported again, and planned by name', async () => {
  await using it = await aSetUp()
  expect(await exportPolicy(it.ctx)).toMatchObject({ providers: { corp } })
  const { edits } = await plan(it.ctx, {
    file: PolicyFile.parse({
      providers: { corp: { ...corp, issuer: 'https://new.example' }, more: { issuer: 'https://m.example', clientId: 'x' } },
    }),
  })
  expect(edits).toEqual(['change providers.corp: issuer', 'add providers.more'])
})

test('claims are tried out: who it would be, with which groups and role, and nothing is changed', async () => {
  await using it = await aSetUp()
  expect(await tryClaims(it.ctx, { claims })).toEqual({
    provider: 'corp',
    rule: 2,
    problem: null,
    person: {
      handle: 'ana',
      subject: 's-1',
      isNew: true,
      name: 'Ana',
      email: 'ana@bank.example',
      emailVerified: true,
      administrator: false,
      disabled: false,
      groups: ['analysts'],
    },
    unknownGroups: ['risk'],
    changes: 'created, provider corp, administrator false, joined analysts',
    notes: [],
  })
  expect(await it.db.selectFrom('users').selectAll().execute()).toEqual([])
  expect(await it.db.selectFrom('memberships').selectAll().execute()).toEqual([])
  expect(it.recorded.map(({ action }) => action)).toEqual(['policy.apply'])
})

test('a sign-in that would be refused says why, and by which rule', async () => {
  await using it = await aSetUp()
  const of = async (more: object) => tryClaims(it.ctx, { provider: 'corp', claims: { ...claims, ...more } })
  expect(await of({ email: 'eve@rival.example' })).toMatchObject({
    rule: 1,
    person: null,
    problem: { reason: 'claims-refused', what: 'People of the rival are not served.', next: '' },
  })
  expect(await of({ email: 'eve@other.example' })).toMatchObject({ rule: 2, problem: { what: expect.stringContaining('other.example') } })
  await expect(tryClaims(it.ctx, { provider: 'nobody', claims })).rejects.toThrow('There is no identity provider nobody.')
})

test('what a sign-in says is what trying it out said', async () => {
  await using it = await aSetUp()
  const { user } = await signIn(
    it.ctx,
    'corp',
    mapClaims({ handle: 'corp', ...PolicyFile.parse({ providers: { corp } }).providers?.['corp'] }, claims),
  )
  expect(user).toMatchObject({ handle: 'ana', provider: 'corp', subject: 's-1' })
  expect(await tryClaims(it.ctx, { claims })).toMatchObject({
    person: { handle: 'ana', isNew: false, groups: ['analysts'] },
    changes: null,
  })
  expect(await tryClaims(it.ctx, { claims: { ...claims, memberOf: [] } })).toMatchObject({
    person: { groups: [] },
    changes: 'left analysts',
  })
})

test('a handle never goes from one provider to another: the sentence names it, and what an administrator can do', async () => {
  await using it = await aSetUp()
  await it.aPerson('ana')
  const { problem } = await tryClaims(it.ctx, { claims })
  expect(problem).toMatchObject({
    reason: 'handle-taken',
    whose: 'administrator',
    what: expect.stringContaining('The handle ana belongs to another'),
  })
  expect(problem?.next).toContain('claims')
  const refused = signIn(it.ctx, 'corp', mapClaims({ handle: 'corp' }, { ...claims, preferred_username: 'ana' }))
  await expect(refused).rejects.toThrow('handles never change hands')
})

test('a declared person is whom the provider named beside them knows, and nobody of another provider', async () => {
  await using it = await aSetUp()
  const file = PolicyFile.parse({ users: { bea: { email: 'bea@bank.example', provider: 'corp' } } })
  expect(await it.applied(file)).toMatchObject({ edits: ['declare person bea: who signs in with bea@bank.example at the provider corp'] })
  const bea = { sub: 'b', preferred_username: 'bea', email: 'bea@bank.example', email_verified: true }
  await expect(signIn(it.ctx, 'demo', mapClaims({ handle: 'demo' }, bea))).rejects.toThrow('kept for a person whom the policy declares')
  const { user } = await signIn(it.ctx, 'corp', mapClaims({ handle: 'corp' }, { ...bea, preferred_username: 'b' }))
  expect(user).toMatchObject({ handle: 'bea', provider: 'corp', subject: 'b' })
  await expect(it.applied({ users: { cy: { email: 'cy@bank.example', provider: 'nowhere' } } })).rejects.toThrow(
    'users.cy: there is no provider nowhere',
  )
})

test('groups that the provider did not send are noted in the audit, and memberships stay', async () => {
  await using it = await aSetUp()
  const usual = { handle: 'corp' }
  await signIn(it.ctx, 'corp', mapClaims(usual, { sub: 's', preferred_username: 'bo', groups: ['analysts'] }))
  const overage = { sub: 's', preferred_username: 'bo', name: 'Bo', _claim_names: { groups: 'src1' } }
  await signIn(it.ctx, 'corp', mapClaims(usual, overage))
  expect(it.recorded.at(-1)).toMatchObject({
    action: 'users.signIn',
    detail: expect.stringContaining('more groups than it puts into a token'),
  })
  const members = await it.db.selectFrom('memberships').selectAll().execute()
  expect(members).toHaveLength(1)
})

test.for([
  [{ service: { issuer: 'https://a.example', clientId: 'x' } }, 'providers.service: the name service is kept'],
  [{ demo: { issuer: 'https://a.example', clientId: 'x' } }, 'providers.demo: the name demo is for stage local only'],
  [{ a: { issuer: 'http://a.example', clientId: 'x' } }, 'providers.a: the issuer must be https://'],
  [{ env: { issuer: 'https://a.example', clientId: 'x' } }, 'providers.env: this is the provider of the settings'],
  [{ a: { issuer: 'https://env.example', clientId: 'x' } }, 'providers.a: this is the issuer of the provider env'],
  [
    { a: { issuer: 'https://a.example', clientId: 'x' }, b: { issuer: 'https://a.example', clientId: 'y' } },
    'providers.b: this is the issuer of a too',
  ],
  [
    {
      a: { issuer: 'https://a.example', clientId: 'x', domains: ['x.example'] },
      b: { issuer: 'https://b.example', clientId: 'y', domains: ['x.example'] },
    },
    'providers.b: the domain x.example',
  ],
] as const)('outside stage local, the providers %j are refused', async ([providers, fault]) => {
  await using it = await aControlPlane()
  const environment = { handle: 'env', issuer: 'https://env.example' }
  const ctx = { ...it.ctx, providers: { ...it.ctx.providers, environment, isLocal: false } }
  await expect(plan(ctx, { file: PolicyFile.parse({ providers }) })).rejects.toThrow(fault)
})

test.for([
  [{ issuer: 'https://u:p@idp.example', clientId: 'x' }, 'no query, fragment or credential'],
  [{ issuer: 'https://idp.example?x=1', clientId: 'x' }, 'no query, fragment or credential'],
  [{ issuer: 'ftp://idp.example', clientId: 'x' }, 'must be the https:// address of the issuer'],
  [{ issuer: 'https://idp.example', clientId: 'x', clientSecret: 'in the open' }, 'clientSecret'],
  [{ issuer: 'https://idp.example', clientId: 'x', clientSecret: { secret: '../other' } }, 'the name of a secret'],
  [{ issuer: 'https://idp.example', clientId: 'x', domains: ['@bank'] }, 'after the @'],
  [{ issuer: 'https://idp.example' }, 'clientId'],
] as const)('the provider %j is refused with its place', ([provider, fault]) => {
  const { error } = PolicyFile.safeParse({ providers: { corp: provider } })
  expect(error && schemaFaults(error)).toContain(fault)
  expect(error && schemaFaults(error)).toContain('providers.corp')
})
