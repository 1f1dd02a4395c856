import { expect, test } from 'vitest'
import { CliFault, faultText } from '../base/fault.ts'
import { parsePolicy } from './policy-source.ts'

function faultsOf(text: string): string[] {
  try {
    parsePolicy(text, 'bir.yaml')
    return []
  } catch (error) {
    if (!(error instanceof CliFault)) throw error
    return faultText(error)
      .trimEnd()
      .split('\n')
      .slice(1)
      .map((line) => line.trim())
  }
}

test('a whole policy is read', () => {
  const { policy } = parsePolicy(
    `servers:
  sql: { kind: mounted, tools: { execute_query: { level: write } } }
groups:
  analysts: { members: [alice] }
grants:
  - { group: analysts, server: sql, level: read }
  - { user: bob, server: sql, level: destroy, expires: 2027-01-31T00:00:00Z }
restrictions:
  - { group: analysts, server: sql, connection: bank, allow: [public.customers], mask: { public.customers: [national_id] } }
settings:
  truncateChars: 50000
`,
    'bir.yaml',
  )
  expect(policy.grants?.[1]).toEqual({ user: 'bob', server: 'sql', level: 'destroy', expires: '2027-01-31T00:00:00Z' })
})

test.for<[title: string, text: string, faults: string[]]>([
  [
    'a list that does not end',
    'grants: [\n',
    ['bir.yaml:2:1 Flow sequence in block collection must be sufficiently indented and end with a ]'],
  ],
  ['a tab', 'groups:\n\tanalysts: {}\n', ['bir.yaml:2:1 Tabs are not allowed as indentation']],
  ['a key said twice', 'groups: {}\ngroups: {}\n', ['bir.yaml:2:1 Map keys must be unique']],
  ['two documents', 'groups: {}\n---\ngroups: {}\n', ['bir.yaml:2:1 a second document begins here; a policy is one']],
  [
    'a server, a person and a group that would vanish',
    'servers: { __proto__: { kind: mounted } }\nusers: { __proto__: {} }\ngroups:\n  "__proto__": {}\n',
    [1, 2, 4].map((line) => `bir.yaml:${line}:${[0, 12, 10, 0, 3][line]} __proto__: is not a known key`),
  ],
  ['nothing', '# later\n', ['bir.yaml:1:1 it is empty']],
  ['a list at the top', '- a\n', ['bir.yaml:1:1 must be an object']],
  ['an unknown section', 'groups: {}\ngrant: []\n', ['bir.yaml:2:1 grant: is not a known key']],
  [
    'a level that does not exist',
    'grants:\n  - group: analysts\n    server: sql\n    level: admin\n',
    ['bir.yaml:4:12 grants[0].level: must be one of disabled, read, write or destroy'],
  ],
  [
    'a reference to a secret, misspelt',
    'servers:\n  a:\n    kind: remote\n    url: https://a.example.com/mcp\n    headers:\n      X-A: { secrt: b }\n      X-B: [c]\n',
    [
      'bir.yaml:6:7 servers.a.headers.X-A.secret: is missing',
      'bir.yaml:6:14 servers.a.headers.X-A.secrt: is not a known key',
      'bir.yaml:7:7 servers.a.headers.X-B: is text, or { secret: <name> }',
    ],
  ],
  [
    'a grant to two holders',
    'grants:\n  - { user: bob, group: a, server: sql, level: read }\n',
    ['bir.yaml:2:5 grants[0]: name exactly one holder: user, service, group or everyone: true'],
  ],
  [
    'a handle in capitals',
    'groups:\n  Analysts: {}\n',
    ['bir.yaml:2:3 groups.Analysts: a handle is 1-64 of a-z 0-9 . _ @ - and starts with a letter or digit'],
  ],
  [
    'a day that is no moment',
    'grants:\n  - { user: bob, server: sql, level: read, expires: soon }\n',
    ['bir.yaml:2:53 grants[0].expires: must be a moment such as 2026-11-22T08:00:00Z'],
  ],
  [
    'what this version does not serve',
    'servers:\n  far:\n    kind: hosted\n    url: http://a/mcp\n',
    ['bir.yaml:3:11 servers.far.kind: kind is mounted or remote'],
  ],
  [
    'what does not belong to a remote server',
    'servers:\n  far:\n    kind: remote\n    url: http://a/mcp\n    settings: {}\n    headers:\n      Host: b\n      X-Api-Key: abc\n',
    [
      'bir.yaml:5:5 servers.far.settings: is not a known key',
      'bir.yaml:7:13 servers.far.headers.Host: the gateway writes this header itself',
      'bir.yaml:8:18 servers.far.headers.X-Api-Key: looks like a credential: keep it as a secret and write { secret: <name> }',
    ],
  ],
  [
    'something left out',
    'grants:\n  - user: bob\n    server: sql\n',
    ['bir.yaml:2:5 grants[0].level: is missing: must be one of disabled, read, write or destroy'],
  ],
  [
    'aliases that multiply',
    `a: &a [x, x, x, x, x, x, x, x, x]\n${['b', 'c', 'd', 'e'].map((key, at) => `${key}: &${key} [${Array(9).fill(`*${'abcd'[at]}`).join(', ')}]`).join('\n')}\n`,
    ['bir.yaml:1:1 an alias in it stands for too much'],
  ],
])('the fault has its line: %s', ([, text, faults]) => {
  expect(faultsOf(text)).toEqual(faults)
})

test('all faults are named at once, from top to bottom', () => {
  const faults = faultsOf(
    'settings: { truncateChars: 1 }\ngrants:\n  - { user: bob, server: SQL, level: read }\n  - { user: bob, server: sql, level: root }\n',
  )
  expect(faults.map((fault) => fault.split(' ', 1)[0])).toEqual(['bir.yaml:1:28', 'bir.yaml:3:26', 'bir.yaml:4:38'])
})
