import { expect, test } from 'vitest'
import type { z } from 'zod'
import type { PlaneState, User } from '../contract/entities.ts'
import { Refusal, standIn } from '../testing.ts'
import { at, bir } from './testing.ts'

const dave: z.input<typeof User> = {
  id: '01980000-0000-7000-8000-0000000da7e0',
  handle: 'dave',
  provider: 'demo',
  subject: 'dave',
  name: 'Dave',
  email: null,
  administrator: false,
  disabled: false,
  groups: [],
}
const plane = (id: number, name: string, expelled = false): z.input<typeof PlaneState> => ({
  id: `01980000-0000-7000-8000-00000000000${id}`,
  name,
  publicKey: {},
  joinedAt: '2026-11-22T08:00:00Z',
  seenAt: null,
  revision: 3,
  rejected: null,
  auditSeq: 0,
  expelled,
})

test('the kill switch can be set and released', async () => {
  const asked: object[] = []
  await using control = await standIn({ servers: { kill: (input) => (asked.push(input), { revision: 7 }) } })
  expect(await bir(['server', 'kill', 'everything'], at(control.url))).toEqual({
    exit: 0,
    out: 'everything is switched off for everyone; revision 7. Enforced by 1 of 1 plane.\n',
    err: '',
  })
  const { out } = await bir(['server', 'revive', 'everything', '--json'], at(control.url))
  expect(JSON.parse(out)).toMatchObject({ revision: 7, enforcement: { enforcedBy: 1, of: 1 } })
  expect(asked).toEqual([
    { id: 'everything', killed: true },
    { id: 'everything', killed: false },
  ])
})

test('a person can be disabled and enabled again', async () => {
  const asked: object[] = []
  await using control = await standIn({ users: { setDisabled: (input) => (asked.push(input), { ...dave, disabled: input.disabled }) } })
  const { exit, out } = await bir(['user', 'disable', 'dave'], at(control.url))
  expect([exit, out]).toEqual([
    0,
    'dave is disabled. Enforced by 1 of 1 plane. What they had open ends, and no token of theirs is good any more.\n',
  ])
  expect(JSON.parse((await bir(['user', 'enable', 'dave', '--json'], at(control.url))).out)).toMatchObject(dave)
  expect(asked).toEqual([
    { handle: 'dave', disabled: true },
    { handle: 'dave', disabled: false },
  ])
})

test('everybody is listed, over many pages', async () => {
  const eve = { ...dave, handle: 'eve', name: null, groups: ['analysts', 'owners'], administrator: true }
  const asked: object[] = []
  await using control = await standIn({
    users: {
      list(input) {
        asked.push(input)
        return input.after === undefined ? { items: [{ ...dave, disabled: true }], next: 'p2' } : { items: [eve], next: null }
      },
    },
  })
  const { out } = await bir(['user', 'list', '--search', 'e'], at(control.url))
  expect(out.split('\n')).toEqual([
    'handle  kind    name  groups            state',
    'dave    person  Dave  -                 disabled',
    'eve     person  -     analysts, owners  administrator',
    '',
  ])
  expect(asked).toEqual([
    { first: 500, search: 'e' },
    { first: 500, search: 'e', after: 'p2' },
  ])
  expect((await bir(['user', 'list', '--json'], at(control.url))).out.trim().split('\n')).toHaveLength(2)
})

test('a plane is expelled by its name, or by its id when several have that name', async () => {
  const expelled: string[] = []
  const items = [plane(1, 'local'), plane(2, 'twin'), plane(3, 'twin'), plane(4, 'gone', true)]
  await using control = await standIn({ planes: { list: () => ({ items }), expel: ({ id }) => (expelled.push(id), { revision: 9 }) } })
  const expel = (named: string) => bir(['plane', 'expel', named], at(control.url))
  expect(await expel('local')).toMatchObject({ exit: 0, out: 'local is expelled; revision 9.\n' })
  expect(await expel('twin')).toMatchObject({ exit: 2, err: expect.stringContaining('2 planes called twin') as string })
  expect((await expel(items[2]?.id ?? '')).exit).toBe(0)
  expect(await expel('gone')).toMatchObject({
    exit: 2,
    err: `bir: There is no plane gone; there are local, twin (${items[1]?.id}), twin (${items[2]?.id}).\n`,
  })
  expect(expelled).toEqual([items[0]?.id, items[2]?.id])
})

test('a token, a session, or both can be revoked', async () => {
  const asked: object[] = []
  await using control = await standIn({ tokens: { revoke: (input) => (asked.push(input), { revision: 8 }) } })
  const [jti, sid] = ['01a2237b-7ff3-7093-91e8-aedd233c79cd', '01a2237b-7af3-7487-a2b2-2fb8cce680d0']
  expect((await bir(['revoke', '--token', jti], at(control.url))).out).toBe(
    `Void from revision 8 on: token ${jti}. Enforced by 1 of 1 plane.\n`,
  )
  expect((await bir(['revoke', '--token', jti, '--session', sid], at(control.url))).out).toBe(
    `Void from revision 8 on: token ${jti}, session ${sid}. Enforced by 1 of 1 plane.\n`,
  )
  expect(asked).toEqual([{ jti }, { jti, sid }])
})

test.for([
  [['server', 'kill', 'No_Such'], 'a server id is'],
  [['user', 'disable', 'Two Words'], 'a handle is'],
  [['revoke'], 'Give --token or --session'],
  [['revoke', '--token', 'nope'], '--token takes an id as a token has it'],
  [['revoke', '--session', '01A2237B-7AF3-7487-A2B2-2FB8CCE680D0'], '--session takes an id as a token has it'],
  [['audit', 'search', '--kind', 'foo'], 'call, attempt, boot, head, refusals, change'],
] as const)('bad input is refused before the gateway is asked: bir %j', async ([args, says]) => {
  const { exit, out, err } = await bir([...args])
  expect([exit, out]).toEqual([2, ''])
  expect(err).toContain(says)
})

test('an unknown person, server or plane is named', async () => {
  const unknown = () => {
    throw new Refusal('not_found', 'There is no such one.')
  }
  await using control = await standIn({ servers: { kill: unknown }, users: { setDisabled: unknown } })
  for (const args of [
    ['server', 'kill', 'nosuch'],
    ['user', 'disable', 'nosuch'],
  ])
    expect(await bir(args, at(control.url))).toEqual({ exit: 2, out: '', err: 'bir: There is no such one.\n' })
})

test('to expel the last plane says that no plane is left and every client is refused', async () => {
  let items = [plane(1, 'local'), plane(2, 'twin'), plane(3, 'gone', true)]
  await using control = await standIn({ planes: { list: () => ({ items }), expel: () => ({ revision: 9 }) } })
  const expel = (...more: string[]) => bir(['plane', 'expel', 'local', ...more], at(control.url))
  const noneLeft = 'No data plane is left: every client is refused'
  expect((await expel()).err).toContain('It refuses every call of its clients')
  expect((await expel()).err).not.toContain(noneLeft)
  expect((await expel('--json')).out).toBe('{"revision":9,"planesLeft":1}\n')
  items = [plane(1, 'local'), plane(2, 'twin', true)]
  expect((await expel()).err).toContain(noneLeft)
  expect((await expel('--json')).out).toBe('{"revision":9,"planesLeft":0}\n')
})
