import { expect, test } from 'vitest'
import type { z } from 'zod'
import type { ToolDefinition } from '../../contract/entities.ts'
import { Refusal, standIn } from '../../testing.ts'
import { at, bir } from '../testing.ts'

type Tool = z.input<typeof ToolDefinition>

const echo: Tool = {
  name: 'echo',
  state: 'approved',
  level: 'read',
  flags: [],
  approved: { name: 'echo' },
  offered: { name: 'echo' },
  hash: 'a'.repeat(64),
  difference: [],
  firstSeen: '2026-11-22T08:00:00Z',
  decidedBy: 'operator:root',
}
const held: Tool = {
  ...echo,
  name: 'send_mail',
  state: 'held',
  level: 'write',
  flags: ['changed', 'description: zero-width character U+200B'],
  hash: 'b'.repeat(64),
  difference: ['description was "Sends.", and is "Sends<U+200B> all."'],
}
const fresh: Tool = {
  ...echo,
  name: 'wipe',
  state: 'unreviewed',
  level: 'destroy',
  flags: ['new'],
  approved: null,
  offered: { description: 'Wipes\u001b[2J.' },
  hash: 'c'.repeat(64),
  decidedBy: null,
}
const gone: Tool = { ...echo, name: 'old', state: 'retired', offered: null }

test('definitions are listed, with the changes of those that wait', async () => {
  await using control = await standIn({ servers: { definitions: () => ({ items: [echo, held, fresh, gone] }) } })
  const { exit, out, err } = await bir(['server', 'definitions', 'everything'], at(control.url))
  expect([exit, err]).toEqual([0, 'To approve what is offered: bir server approve everything send_mail wipe\n'])
  expect(out.split('\n')).toEqual([
    'tool       needs    state       approved by    flags',
    'echo       read     approved    operator:root  -',
    'send_mail  write    held        operator:root  changed; description: zero-width character U+200B',
    'wipe       destroy  unreviewed  -              new',
    'old        read     retired     operator:root  -',
    '',
    'send_mail is held back:',
    '  changed',
    '  description: zero-width character U+200B',
    '  description was "Sends.", and is "Sends<U+200B> all."',
    '',
    'wipe is served unreviewed:',
    '  new',
    String.raw`  "Wipes\u001b[2J."`,
    '',
  ])
})

test.for([
  [[echo, gone], 0],
  [[echo, held], 3],
  [[fresh], 3],
  [[], 0],
] as const)('with --exit-code, case %# exits with 3 only when something waits', async ([items, code]) => {
  await using control = await standIn({ servers: { definitions: () => ({ items: [...items] }) } })
  const { exit } = await bir(['server', 'definitions', 'everything', '--exit-code', '--json'], at(control.url))
  expect(exit).toBe(code)
})

test('an approval has the hashes of the offered definitions, and none of retired ones', async () => {
  const asked: object[] = []
  await using control = await standIn({
    servers: {
      definitions: () => ({ items: [held, fresh, gone] }),
      approve: (input) => {
        asked.push(input)
        return { revision: 7, approved: input.names ?? ['send_mail', 'wipe'] }
      },
    },
  })
  const seen = { send_mail: held.hash, wipe: fresh.hash }
  expect(await bir(['server', 'approve', 'everything', 'wipe'], at(control.url))).toMatchObject({
    exit: 0,
    out: 'approved wipe\n1 approved; revision 7.\n',
  })
  expect((await bir(['server', 'approve', 'everything', '--json'], at(control.url))).out).toBe(
    '{"revision":7,"approved":["send_mail","wipe"]}\n',
  )
  expect(asked).toEqual([
    { id: 'everything', seen, names: ['wipe'] },
    { id: 'everything', seen },
  ])
})

test('a tool that is not offered is named, and nothing is approved', async () => {
  await using control = await standIn({
    servers: {
      definitions: () => ({ items: [echo] }),
      approve: () => {
        throw new Refusal('not_found', 'The server everything offers no tool gone.')
      },
    },
  })
  const { exit, err } = await bir(['server', 'approve', 'everything', 'gone'], at(control.url))
  expect(exit).toBe(2)
  expect(err).toContain('The server everything offers no tool gone.')
})
