import { expect, test } from 'vitest'
import { Refusal, standIn } from '../../testing.ts'
import { at, bir } from '../testing.ts'

const anExplanation = {
  user: 'dave',
  server: 'sql',
  tool: 'execute_query',
  allow: false,
  needs: 'read',
  level: 'disabled',
  reason: 'no-grant',
  missing: null,
  tier: null,
  because: ['dave is known and enabled', 'no grant reaches dave on sql'],
  revision: 4,
} as const

test('explain answers in a sentence, and exits with 0 for yes and 3 for no', async () => {
  await using gateway = await standIn({
    policy: {
      explain: ({ user }) => ({
        ...anExplanation,
        because: [...anExplanation.because],
        ...(user === 'alice' ? { user, allow: true, level: 'read' as const, reason: null } : {}),
      }),
    },
  })
  const ask = (user: string, ...more: string[]) =>
    bir(['explain', '--user', user, '--server', 'sql', '--tool', 'execute_query', ...more], at(gateway.url))
  const no = await ask('dave')
  expect(no.exit).toBe(3)
  expect(no.out.split('\n').slice(0, 3)).toEqual([
    'dave may not call execute_query on sql (no-grant).',
    '  dave is known and enabled',
    '  no grant reaches dave on sql',
  ])
  const yes = await ask('alice')
  expect([yes.exit, yes.out.split('\n')[0]]).toEqual([0, 'alice may call execute_query on sql.'])
  expect(JSON.parse((await ask('dave', '--json')).out)).toEqual(anExplanation)
})

test.for([
  ['server', 'There is no server sql.'],
  ['tool', 'The server sql has no tool execute_query.'],
  ['person', 'There is no person dave.'],
] as const)('explain for a %s that does not exist is bad input', async ([missing, message]) => {
  const explain = () => {
    if (missing === 'person') throw new Refusal('not_found', message)
    return { ...anExplanation, because: [], missing }
  }
  await using gateway = await standIn({ policy: { explain } })
  const args = ['explain', '--user', 'dave', '--server', 'sql', '--tool', 'execute_query']
  expect(await bir(args, at(gateway.url))).toEqual({ exit: 2, out: '', err: `bir: ${message}\n` })
  expect(JSON.parse((await bir([...args, '--json'], at(gateway.url))).err)).toEqual({ error: { code: 'not_found', message } })
})
