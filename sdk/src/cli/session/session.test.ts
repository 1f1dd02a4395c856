import { expect, test } from 'vitest'
import type { z } from 'zod'
import type { Session } from '../../contract/entities.ts'
import { standIn } from '../../testing.ts'
import { at, bir } from '../testing.ts'

const sid = '01a2237b-7af3-7487-a2b2-2fb8cce680d0'
const row: z.input<typeof Session> = {
  sid,
  user: 'dave',
  kind: 'client',
  client: 'https://client.example/meta.json',
  clientName: 'Assistant',
  audience: 'https://gateway.example/mcp',
  actor: null,
  provider: 'corp',
  ip: '192.0.2.1',
  userAgent: 'Assistant/1.0',
  since: '2026-11-22T08:00:00Z',
  lastUsed: '2026-11-22T09:00:00Z',
  until: '2026-11-25T09:00:00Z',
}
const operator: z.input<typeof Session> = {
  ...row,
  kind: 'token',
  client: 'bir',
  clientName: null,
  actor: 'operator:root',
  ip: null,
  userAgent: null,
}

const caller = (administrator: boolean) => ({ handle: 'dave', name: null, administrator, kind: 'person' as const, groups: [] })

test('the sessions of one person are listed over all pages, with client, times and where they began', async () => {
  const asked: object[] = []
  await using control = await standIn({
    sessions: {
      list: (input) => (asked.push(input), input.after === undefined ? { items: [row], next: 'p2' } : { items: [operator], next: null }),
    },
  })
  const { exit, out } = await bir(['session', 'list', '--user', 'dave'], at(control.url))
  expect(exit).toBe(0)
  expect(out.split('\n')).toEqual([
    'sid                                   person                   client     since                 used                  from                      ends',
    `${sid}  dave                     Assistant  2026-11-22T08:00:00Z  2026-11-22T09:00:00Z  192.0.2.1, Assistant 1.0  2026-11-25T09:00:00Z`,
    `${sid}  dave (by operator:root)  bir        2026-11-22T08:00:00Z  2026-11-22T09:00:00Z  -                         2026-11-25T09:00:00Z`,
    '',
  ])
  expect(asked).toEqual([
    { first: 500, user: 'dave' },
    { first: 500, user: 'dave', after: 'p2' },
  ])
  const json = await bir(['session', 'list', '--json'], at(control.url))
  expect(
    json.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown),
  ).toEqual([row, operator])
})

test('of a browser the table has the name, the version and the system, and JSON the whole User-Agent', async () => {
  const userAgent = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36'
  const items = [
    { ...row, userAgent },
    { ...row, userAgent: 'x'.repeat(300) },
  ]
  await using control = await standIn({ sessions: { list: () => ({ items, next: null }) } })
  const { out } = await bir(['session', 'list'], at(control.url))
  expect(out).toContain('  192.0.2.1, Chrome 142 on Windows ')
  expect(out).toContain(`  192.0.2.1, ${'x'.repeat(39)}…  `)
  const json = await bir(['session', 'list', '--json'], at(control.url))
  expect(json.out).toContain(userAgent)
})

test('a list without sessions says so', async () => {
  await using control = await standIn({ sessions: { list: () => ({ items: [], next: null }) } })
  expect((await bir(['session', 'list', '--user', 'dave'], at(control.url))).out).toBe('There is no session of dave.\n')
  expect((await bir(['session', 'list', '--json'], at(control.url))).out).toBe('')
})

test('a session is ended, and the planes that refuse its tokens by now are named', async () => {
  const asked: object[] = []
  await using control = await standIn({
    sessions: { end: (input) => (asked.push(input), { revision: 9 }) },
    users: { me: () => caller(true) },
  })
  const { exit, out } = await bir(['session', 'end', sid], at(control.url))
  expect([exit, out]).toEqual([0, `Session ${sid} has ended. Enforced by 1 of 1 plane.\n`])
  const json = await bir(['session', 'end', sid, '--json'], at(control.url))
  expect(JSON.parse(json.out)).toMatchObject({ revision: 9, enforcement: { enforcedBy: 1 } })
  expect(asked).toEqual([{ sid }, { sid }])
})

test('somebody who is no administrator ends a session of theirs, and needs not ask about planes', async () => {
  await using control = await standIn({ sessions: { end: () => ({ revision: 9 }) }, users: { me: () => caller(false) } })
  const { exit, out, err } = await bir(['session', 'end', sid], at(control.url))
  expect([exit, out, err]).toEqual([0, `Session ${sid} has ended.\n`, ''])
})

test('what is no id of a session is refused before the gateway is asked', async () => {
  const { exit, err } = await bir(['session', 'end', 'mine'])
  expect([exit, err]).toEqual([2, expect.stringContaining('see "bir session list"')])
})
