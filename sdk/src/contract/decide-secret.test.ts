import { expect, test } from 'vitest'
import { decideFor, nextExpiryMs } from './decide.ts'
import { decideServer } from './decide-server.ts'
import { secretFor, secretSetOf, sharedSecret } from './decide-secret.ts'
import type { Person, Policy } from './policy.ts'
import type { SecretEntry, ServerSecret } from './snapshot.ts'

const noon = Date.UTC(2026, 11, 1, 12)
const anaId = '01a2237b-7ff3-7093-91e8-aedd233c79cd'
const opsId = '01a2237b-7ff3-7093-91e8-aedd233c79ce'

const aPolicy = (secret: ServerSecret | undefined): Policy =>
  ({
    servers: new Map([
      [
        'gitlab',
        {
          kind: 'mounted',
          title: '',
          settings: {},
          tools: new Map([
            ['get_project', { level: 'read' }],
            ['create_issue', { level: 'write' }],
          ]),
          ...(secret && { secret }),
        },
      ],
    ]),
    revoked: { killed: new Set() },
  }) as unknown as Policy

const aPerson = (own?: SecretEntry, groups: string[] = []): Person => ({
  id: anaId,
  handle: 'ana',
  disabled: false,
  classKey: '',
  groups,
  grants: new Map([['gitlab', { user: [{ level: 'write' }] }]]),
  selection: undefined,
  secretOf: (server) => (server === 'gitlab' ? own : undefined),
})

const everyone = ['person', 'group', 'shared']
const good = { version: 3, state: 0 }
const invalid = { version: 4, state: 2 }
const standing = (secret: ServerSecret | undefined, person: Person) => secretFor(aPolicy(secret), person, 'gitlab', noon)

test('a server that needs no secret asks for none, also where there is a shared one for its settings', () => {
  expect(standing(undefined, aPerson())).toBeUndefined()
  expect(standing({ shared: good }, aPerson())).toBeUndefined()
  expect(sharedSecret(aPolicy({ shared: good }), 'gitlab', noon)).toMatchObject({
    usable: true,
    secret: { holder: { kind: 'shared' }, version: 3 },
  })
})

test('the first holder in the order that has a secret decides, also when that secret is not good', () => {
  const secret = { order: everyone, shared: good, groups: { ops: { ...good, version: 7, id: opsId } } }
  expect(standing(secret, aPerson({ ...good, version: 9 }, ['ops']))).toMatchObject({
    secret: { holder: { kind: 'person', id: anaId }, version: 9 },
  })
  expect(standing(secret, aPerson(undefined, ['ops']))).toMatchObject({ secret: { holder: { kind: 'group', id: opsId }, version: 7 } })
  expect(standing(secret, aPerson(undefined, ['others']))).toMatchObject({ secret: { holder: { kind: 'shared' } } })
  expect(standing(secret, aPerson(invalid, ['ops']))).toMatchObject({ usable: false, why: 'invalid', holder: { kind: 'person' } })
  expect(standing({ ...secret, order: ['shared'] }, aPerson(invalid))).toMatchObject({ usable: true })
  expect(standing({ order: everyone }, aPerson())).toEqual({ usable: false, why: 'missing' })
})

test('what a later version says is not usable: a holder that this one does not know, and a state', () => {
  expect(standing({ order: ['department', 'shared'], shared: good }, aPerson())).toEqual({ usable: false, why: 'unusable' })
  expect(standing({ order: everyone }, aPerson({ version: 1, state: 77 }))).toMatchObject({ usable: false, why: 'unusable' })
})

test('a secret is good until the moment it expires, and lists are good no longer', () => {
  const person = aPerson({ ...good, expiresAtMs: noon })
  const policy = aPolicy({ order: everyone })
  expect(secretFor(policy, person, 'gitlab', noon - 1)).toMatchObject({ usable: true })
  expect(secretFor(policy, person, 'gitlab', noon)).toMatchObject({ usable: false, why: 'expired' })
  expect(nextExpiryMs(policy, person, noon - 1)).toBe(noon)
  expect(nextExpiryMs(policy, person, noon)).toBe(Infinity)
})

test('a secret lowers what a grant allows, and never raises it', () => {
  const policy = aPolicy({ order: everyone })
  const ask = (own: SecretEntry | undefined, tool: string) => decideFor(policy, aPerson(own), 'gitlab', tool, noon)
  expect(ask(undefined, 'get_project')).toMatchObject({ allow: false, reason: 'secret-missing' })
  expect(ask(invalid, 'get_project')).toMatchObject({ allow: false, reason: 'secret-unusable' })
  expect(ask({ ...good, level: 'read' }, 'get_project')).toMatchObject({ allow: true, level: 'read' })
  expect(ask({ ...good, level: 'read' }, 'create_issue')).toMatchObject({ allow: false, reason: 'secret-level-too-low' })
  expect(ask({ ...good, level: 'destroy' }, 'create_issue')).toMatchObject({ allow: true, level: 'write' })
  expect(ask(good, 'create_issue')).toMatchObject({ allow: true, level: 'write' })
  expect(decideServer(policy, aPerson(), 'gitlab', 'read', noon)).toMatchObject({ allow: false, reason: 'secret-missing' })
  expect(decideServer(policy, aPerson(good), 'gitlab', 'read', noon)).toMatchObject({ allow: true })
})

test('whoever may not call anyway does not learn of a secret', () => {
  const nobody = { ...aPerson(), grants: new Map() }
  expect(decideFor(aPolicy({ order: everyone }), nobody, 'gitlab', 'get_project', noon)).toMatchObject({ reason: 'no-grant' })
})

test('people with the same levels of secrets share lists, others do not', () => {
  const policy = aPolicy({ order: everyone })
  const set = (own?: SecretEntry) => secretSetOf(policy, aPerson(own), noon)
  expect(set({ ...good, version: 1 })).toBe(set({ ...good, version: 2 }))
  expect(new Set([set(), set({ ...good, level: 'read' }), set(good)]).size).toBe(3)
  expect(set(invalid)).toBe(set())
})
