import { expect, test } from 'vitest'
import type { Alternative, Selection } from './snapshot.ts'
import { decideFor, nextExpiryMs } from './decide.ts'
import type { Person, Policy } from './policy.ts'

const noon = 1_800_000_000_000
const past = noon - 1
const future = noon + 1

/** A gitlab with a tool of each level; nothing is labelled or hidden. */
const policy = {
  servers: new Map([
    [
      'gitlab',
      {
        kind: 'mounted',
        title: 'GitLab',
        settings: {},
        tools: new Map([
          ['get_project', { level: 'read' }],
          ['create_issue', { level: 'write' }],
          ['delete_branch', { level: 'destroy' }],
          ['secret_door', { level: 'read', hidden: true }],
        ]),
      },
    ],
  ]),
  revoked: { tokens: new Set(), sessions: new Set(), epochs: new Map(), killed: new Set() },
} as unknown as Policy

interface Holds {
  user?: Alternative[]
  groups?: Alternative[]
  everyone?: Alternative[]
  selection?: Selection
  disabled?: boolean
}

const aPerson = ({ selection, disabled = false, ...tiers }: Holds): Person => ({
  id: '',
  secretOf: () => undefined,
  handle: 'ana',
  disabled,
  classKey: '',
  groups: [],
  grants: new Map(Object.keys(tiers).length > 0 ? [['gitlab', tiers]] : []),
  selection: selection && new Map([['gitlab', selection]]),
})

const ask = (holds: Holds, tool: string) => {
  const verdict = decideFor(policy, aPerson(holds), 'gitlab', tool, noon)
  return verdict.allow ? verdict.level : verdict.reason
}

const rows: [string, Holds, string, string][] = [
  ['nothing', {}, 'get_project', 'no-grant'],
  ['read reads', { groups: [{ level: 'read' }] }, 'get_project', 'read'],
  ['read does not write', { groups: [{ level: 'read' }] }, 'create_issue', 'level-too-low'],
  ['destroy reads too', { groups: [{ level: 'destroy' }] }, 'get_project', 'destroy'],
  ['the best of several groups', { groups: [{ level: 'read' }, { level: 'write' }] }, 'create_issue', 'write'],
  ['a tool that is not there', { groups: [{ level: 'destroy' }] }, 'get_nothing', 'unknown-tool'],
  ['a tool named like a property of objects', { groups: [{ level: 'destroy' }] }, 'constructor', 'unknown-tool'],
  ['a hidden tool', { groups: [{ level: 'destroy' }] }, 'secret_door', 'tool-hidden'],

  [
    "one's own grant decides before the groups'",
    { user: [{ level: 'read' }], groups: [{ level: 'destroy' }] },
    'create_issue',
    'level-too-low',
  ],
  [
    "the groups' decide before everyone's",
    { groups: [{ level: 'read' }], everyone: [{ level: 'write' }] },
    'create_issue',
    'level-too-low',
  ],
  ['everyone, where nothing nearer speaks', { everyone: [{ level: 'read' }] }, 'get_project', 'read'],
  [
    'an expired own grant lets the groups decide',
    { user: [{ level: 'read', expiresAtMs: past }], groups: [{ level: 'write' }] },
    'create_issue',
    'write',
  ],
  ['a grant is good until the very moment it expires', { user: [{ level: 'read', expiresAtMs: future }] }, 'get_project', 'read'],
  ['and not at that moment', { user: [{ level: 'read', expiresAtMs: noon }] }, 'get_project', 'grants-expired'],

  [
    'disabled for the user ends it, whatever else they hold',
    { user: [{ level: 'disabled' }, { level: 'destroy' }] },
    'get_project',
    'disabled-for-user',
  ],
  ['disabled for one group takes nothing from another', { groups: [{ level: 'disabled' }, { level: 'read' }] }, 'get_project', 'read'],
  [
    'disabled for the group blocks everyone',
    { groups: [{ level: 'disabled' }], everyone: [{ level: 'read' }] },
    'get_project',
    'disabled-for-group',
  ],
  [
    'an expired disabled blocks nothing',
    { groups: [{ level: 'disabled', expiresAtMs: past }], everyone: [{ level: 'read' }] },
    'get_project',
    'read',
  ],

  ['an allow-list allows what it names', { groups: [{ level: 'write', allow: ['create_issue'] }] }, 'create_issue', 'write'],
  ['and nothing else', { groups: [{ level: 'write', allow: ['create_issue'] }] }, 'get_project', 'tool-not-in-list'],
  ['an allow-list raises no level', { groups: [{ level: 'read', allow: ['create_issue'] }] }, 'create_issue', 'level-too-low'],
  [
    'any one grant of the tier is enough',
    { groups: [{ level: 'write', allow: ['create_issue'] }, { level: 'read' }] },
    'get_project',
    'read',
  ],
  [
    'a deny-list subtracts from all of the tier',
    { groups: [{ level: 'write', deny: ['get_project'] }, { level: 'destroy' }] },
    'get_project',
    'tool-denied',
  ],
  [
    'an expired deny-list does not',
    { groups: [{ level: 'write', deny: ['get_project'], expiresAtMs: past }, { level: 'read' }] },
    'get_project',
    'read',
  ],
  [
    "the groups' deny-list does not reach one's own grant",
    { user: [{ level: 'read' }], groups: [{ level: 'read', deny: ['get_project'] }] },
    'get_project',
    'read',
  ],

  ['a selection lowers', { groups: [{ level: 'write' }], selection: { level: 'read' } }, 'create_issue', 'selected-lower'],
  ['a selection never raises', { groups: [{ level: 'read' }], selection: { level: 'destroy' } }, 'create_issue', 'level-too-low'],
  ['what is run is told the lower level', { groups: [{ level: 'write' }], selection: { level: 'read' } }, 'get_project', 'read'],
  ['a tool switched off', { groups: [{ level: 'write' }], selection: { off: ['get_project'] } }, 'get_project', 'switched-off'],
  ['a disabled person', { groups: [{ level: 'destroy' }], disabled: true }, 'get_project', 'person-disabled'],
]

test.for(rows)('%s', ([, holds, tool, expected]) => {
  expect(ask(holds, tool)).toBe(expected)
})

test('the kill switch refuses everyone', () => {
  const killed = { ...policy, revoked: { ...policy.revoked, killed: new Set(['gitlab']) } }
  expect(decideFor(killed, aPerson({ user: [{ level: 'destroy' }] }), 'gitlab', 'get_project', noon)).toMatchObject({
    reason: 'server-killed',
  })
})

test('the next moment at which something expires is the earliest that is still to come', () => {
  const person = aPerson({
    user: [{ level: 'read', expiresAtMs: past }],
    groups: [{ level: 'read', expiresAtMs: noon + 9 }],
    everyone: [{ level: 'read', expiresAtMs: noon + 5 }],
  })
  expect(nextExpiryMs(policy, person, noon)).toBe(noon + 5)
  expect(nextExpiryMs(policy, aPerson({}), noon)).toBe(Infinity)
})
