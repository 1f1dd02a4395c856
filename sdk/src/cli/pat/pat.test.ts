import { expect, test } from 'vitest'
import type { z } from 'zod'
import type { PersonalToken } from '../../contract/entities.ts'
import { Refusal, standIn } from '../../testing.ts'
import { at, bir, NOW_MS } from '../testing.ts'

const id = '01980000-0000-7000-8000-0000000000aa'
const made = {
  id,
  token: `bir_pat_${'a'.repeat(43)}`,
  user: 'alice',
  name: 'nightly',
  servers: ['sql'],
  networks: null,
  until: '2026-12-22T09:00:00.000Z',
}
const token: z.input<typeof PersonalToken> = {
  id,
  user: 'alice',
  name: 'nightly',
  servers: ['sql'],
  networks: ['192.0.2.0/24'],
  state: 'good',
  madeBy: 'alice',
  madeAt: '2026-11-22T09:00:00Z',
  until: '2026-12-22T09:00:00Z',
  lastUsed: '2026-11-22T10:00:00Z',
}

test('pat create prints the token alone on its line, and what it is good for beside', async () => {
  const asked: object[] = []
  await using control = await standIn({ personalTokens: { create: (input) => (asked.push(input), made) } })
  const args = [
    'pat',
    'create',
    'nightly',
    '--server',
    'sql',
    '--server',
    'charts',
    '--ttl',
    '30d',
    '--network',
    '192.0.2.0/24',
    '--user',
    'alice',
  ]
  const { exit, out, err } = await bir(args, at(control.url))
  expect([exit, out]).toEqual([0, `${made.token}\n`])
  expect(err).toContain("It is alice's, good until 2026-12-22T09:00:00.000Z, at /mcp/sql alone. It is shown only now")
  expect(err).toContain(`bir pat revoke ${id}`)
  expect(asked).toEqual([
    {
      name: 'nightly',
      until: new Date(NOW_MS + 30 * 86_400_000).toISOString(),
      servers: ['sql', 'charts'],
      networks: ['192.0.2.0/24'],
      user: 'alice',
    },
  ])
  expect(JSON.parse((await bir(['pat', 'create', 'nightly', '--json'], at(control.url))).out)).toMatchObject({ id, token: made.token })
})

test('pat list shows when each token was used last, also one a line for scripts', async () => {
  const asked: object[] = []
  const unused = { ...token, id: '01980000-0000-7000-8000-0000000000bb', name: 'laptop', servers: null, networks: null, lastUsed: null }
  const pages = [
    { items: [token], next: 'more' },
    { items: [unused], next: null },
  ]
  await using control = await standIn({
    personalTokens: { list: (input) => (asked.push(input), pages[input.after === undefined ? 0 : 1] ?? { items: [], next: null }) },
  })
  const { out } = await bir(['pat', 'list', '--user', 'alice'], at(control.url))
  expect(out.split('\n').slice(0, 3)).toEqual([
    expect.stringMatching(/^id +person +name +state +last used +until +servers +networks$/),
    expect.stringMatching(/ alice +nightly +good +2026-11-22T10:00:00Z +2026-12-22T09:00:00Z +sql +192\.0\.2\.0\/24$/),
    expect.stringMatching(/ alice +laptop +good +never +2026-12-22T09:00:00Z +all +any$/),
  ])
  expect(asked).toEqual([
    { first: 500, user: 'alice' },
    { first: 500, user: 'alice', after: 'more' },
  ])
  const lines = (await bir(['pat', 'list', '--json'], at(control.url))).out.trim().split('\n')
  expect(lines.map((line) => (JSON.parse(line) as typeof token).lastUsed)).toEqual([token.lastUsed, null])
})

test('pat revoke says who refuses the token by now, and a person who may not ask that is told enough', async () => {
  await using control = await standIn({ personalTokens: { revoke: () => ({ revision: 7 }) } })
  const { exit, out } = await bir(['pat', 'revoke', id], at(control.url))
  expect([exit, out]).toEqual([0, `Void from revision 7 on: ${id}. Enforced by 1 of 1 plane.\n`])
  const own = {
    personalTokens: { revoke: () => ({ revision: 7 }) },
    snapshot: {
      status: () => {
        throw new Refusal('forbidden', 'Only administrators may.')
      },
    },
  }
  await using asPerson = await standIn(own)
  expect(await bir(['pat', 'revoke', id], at(asPerson.url))).toMatchObject({ exit: 0, err: '' })
  expect(JSON.parse((await bir(['pat', 'revoke', id, '--json'], at(asPerson.url))).out)).toEqual({ revision: 7 })
})

test.for([
  [['pat', 'revoke', 'nightly'], /"nightly" is no id of a token/],
  [['pat', 'create', 'x', '--ttl', 'soon'], /"soon" is no duration/],
  [['pat', 'create', 'x', '--server', '../y'], /a server id is/],
] as const)('wrong usage of %j is named before the gateway is asked', async ([args, says]) => {
  const { exit, err } = await bir([...args], at('http://127.0.0.1:9'))
  expect([exit, err]).toEqual([2, expect.stringMatching(says)])
})

test.for([
  ['user: name the person whose token it is.', '--user: name the person whose token it is.'],
  ['until: a personal access token is good for a year at most', '--ttl: a personal access token is good for a year at most'],
  ['servers[1]: must be a handle; networks[0]: must be a network', '--server: must be a handle; --network: must be a network'],
  ['name: must have 1 to 100 characters', 'name: must have 1 to 100 characters'],
] as const)('a fault of the API about %s is said with the option that sets it', async ([said, shown]) => {
  await using control = await standIn({
    personalTokens: {
      create: () => {
        throw new Refusal('invalid_input', said)
      },
    },
  })
  const { exit, err } = await bir(['pat', 'create', 'laptop', '--ttl', '500d'], at(control.url))
  expect([exit, err]).toEqual([2, `bir: ${shown}\n`])
})
