import { expect, test } from 'vitest'
import type { z } from 'zod'
import type { JoinLine } from '../../contract/entities.ts'
import { Refusal, standIn } from '../../testing.ts'
import { at, bir, NOW_MS } from '../testing.ts'

const id = '01980000-0000-7000-8000-0000000000a1'
const until = '2026-11-22T10:00:00.000Z'
const line = `https://bir.example.com#secret.${'0'.repeat(64)}`

async function aGateway(items: z.input<typeof JoinLine>[] = []) {
  const asked: object[] = []
  const control = await standIn({
    planes: {
      invite: (input) => (asked.push(input), { id, line, name: input.name ?? null, uses: input.uses, until: input.until ?? until }),
      lines: (input) => (asked.push(input), { items: input.open ? items.filter(({ state }) => state === 'open') : items, next: null }),
      revokeLine: (input) => (asked.push(input), { revision: 4 }),
    },
  })
  return { ...at(control.url), asked, [Symbol.asyncDispose]: () => control[Symbol.asyncDispose]() }
}

test('an invitation prints the line alone on stdout; by default it is good for one plane and an hour', async () => {
  await using gateway = await aGateway()
  const { exit, out, err } = await bir(['plane', 'invite'], gateway)
  expect([exit, out]).toEqual([0, `${line}\n`])
  expect(err).toBe(`The line admits one plane until ${until}. Its id is ${id}: see "bir plane lines".\n`)
  expect(gateway.asked).toEqual([{ uses: 1, until: new Date(NOW_MS + 3_600_000).toISOString() }])
})

test('an invitation says for whom, how often and how long', async () => {
  await using gateway = await aGateway()
  const { out } = await bir(['plane', 'invite', '--name', 'berlin-2', '--uses', '3', '--until', '2027-01-31', '--json'], gateway)
  const made = { name: 'berlin-2', uses: 3, until: '2027-01-31T00:00:00.000Z' }
  expect(JSON.parse(out)).toEqual({ id, line, ...made })
  expect(gateway.asked).toEqual([made])
})

test.for([
  [['--uses', '0'], 'a number from 1 to 1000'],
  [['--uses', '1001'], 'a number from 1 to 1000'],
  [['--uses', 'many'], 'a number from 1 to 1000'],
  [['--until', 'soon'], 'is no moment'],
  [['--until', '2026-11-21'], 'is past'],
  [['--until', '999999999d'], 'is no moment'],
] as const)('bad input is refused before the gateway is asked: bir plane invite %j', async ([args, says]) => {
  const { exit, out, err } = await bir(['plane', 'invite', ...args])
  expect([exit, out]).toEqual([2, ''])
  expect(err).toContain(says)
})

const base = { id, name: null, until, madeAt: '2026-11-22T09:00:00Z', voidAt: null, voidReason: null }
const use = { plane: id, joinedAt: '2026-11-22T09:00:00Z', expelled: false, joinedAfter: null }
const lines: z.input<typeof JoinLine>[] = [
  { ...base, origin: 'file', state: 'open', uses: 1, used: 0, madeBy: 'control plane', planes: [] },
  {
    ...base,
    origin: 'invitation',
    state: 'void',
    uses: 5,
    used: 2,
    madeBy: 'operator:root',
    voidAt: until,
    voidReason: 'expulsion',
    planes: [
      { ...use, name: 'a', expelled: true },
      { ...use, name: 'b', joinedAfter: id },
    ],
  },
]

test('the lines are listed with uses left, who made them, and who joined with them', async () => {
  await using gateway = await aGateway(lines)
  const { out } = await bir(['plane', 'lines'], gateway)
  expect(out.split('\n').map((row) => row.replace(/ {2,}/g, ' | '))).toEqual([
    'line | made by | for | left | until | state | planes',
    `${id} | JOIN_FILE | - | 1 of 1 | ${until} | open | -`,
    `${id} | operator:root | - | 0 of 5 | ${until} | void: expulsion | a (expelled), b (after an expulsion)`,
    '',
  ])
  expect((await bir(['plane', 'lines', '--open', '--json'], gateway)).out.trim().split('\n')).toHaveLength(1)
})

test('a line that does not exist is named, with the command that lists them', async () => {
  await using control = await standIn({
    planes: {
      revokeLine: () => {
        throw new Refusal('not_found', 'There is no join line.')
      },
    },
  })
  for (const line of ['nope', id])
    expect(await bir(['plane', 'uninvite', line], at(control.url))).toEqual({
      exit: 2,
      out: '',
      err: `bir: There is no join line ${line}; "bir plane lines" lists them.\n`,
    })
})

test('a line is made void by its id', async () => {
  await using gateway = await aGateway()
  expect(await bir(['plane', 'uninvite', id], gateway)).toEqual({ exit: 0, out: `The line ${id} is void.\n`, err: '' })
  expect((await bir(['plane', 'uninvite', id, '--json'], gateway)).out).toBe('{"revision":4}\n')
  expect(gateway.asked).toEqual([{ id }, { id }])
})
