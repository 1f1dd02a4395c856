import { expect, test } from 'vitest'
import type { z } from 'zod'
import type { PlaneState, User } from '../../contract/entities.ts'
import { createClient } from '../../client.ts'
import { Refusal, standIn } from '../../testing.ts'
import { at, bir } from '../testing.ts'
import { awaitEnforcement } from './enforcement.ts'

type Plane = z.input<typeof PlaneState>

const aPlane = (digit: number, more: Partial<Plane>): Plane => ({
  id: `01980000-0000-7000-8000-00000000000${digit}`,
  name: `plane-${digit}`,
  publicKey: {},
  joinedAt: '2026-11-22T08:00:00Z',
  seenAt: '2026-11-22T08:30:00Z',
  revision: 16,
  standing: 'enforcing',
  rejected: null,
  auditSeq: 0,
  expelled: false,
  ...more,
})
const dave: z.input<typeof User> = {
  id: '01980000-0000-7000-8000-0000000da7e0',
  handle: 'dave',
  provider: 'demo',
  subject: 'dave',
  name: 'Dave',
  email: null,
  administrator: false,
  disabled: true,
  groups: [],
}

/** A gateway with these planes, and revision 16. */
const aGateway = (...planes: Plane[]) =>
  standIn({
    snapshot: { status: () => ({ revision: 16, root: 'f00d', at: '2026-11-22T08:00:00Z', planes }) },
    users: { setDisabled: () => dave },
    servers: { kill: () => ({ revision: 16 }), approve: () => ({ revision: 16, approved: ['echo'] }) },
    tokens: { revoke: () => ({ revision: 16 }) },
    policy: { apply: () => ({ revision: 16, edits: ['add group a'] }) },
    planes: { list: () => ({ items: planes }), forget: () => ({ revision: 17 }) },
  })

const away = aPlane(2, { standing: 'away', revision: 15 })
const rejecting = aPlane(3, { standing: 'rejecting', revision: 15, rejected: { revision: 16, reasons: ['server sql: no such setting'] } })
const stopped = aPlane(4, { standing: 'stopped', revision: 12 })
const wrongClock = aPlane(5, { standing: 'clock', revision: 15, clockOffMs: 86_400_000 })

const stdin = { readStdin: async () => 'groups: {}\n' }
const changes = [
  ['user', 'disable', 'dave'],
  ['server', 'kill', 'sql'],
  ['server', 'approve', 'sql', 'echo@k3v7abcd'],
  ['revoke', '--token', '01a2237b-7ff3-7093-91e8-aedd233c79cd'],
  ['apply', '-f', '-'],
]

test.for(changes)('%s %s … counts the planes that enforce it, names the others, and exits with 3', async (args) => {
  await using gateway = await aGateway(aPlane(1, {}), away, rejecting, stopped)
  const { exit, out, err } = await bir(args, { ...at(gateway.url), ...stdin })
  expect(exit).toBe(3)
  expect(out).toContain('Enforced by 1 of 3 planes.')
  expect(out).not.toContain('no token of theirs is good')
  expect(err).toContain('plane-2 was last heard of at 2026-11-22T08:30:00Z, with revision 15.')
  expect(err).toContain('plane-3 rejects revision 16 and stays with revision 15: server sql: no such setting')
  expect(err).not.toContain('plane-4')
})

test.for(changes)('a script is told the same by %s %s … --json', async (args) => {
  await using gateway = await aGateway(aPlane(1, {}), away)
  const { exit, out } = await bir([...args, '--json'], { ...at(gateway.url), ...stdin })
  expect(exit).toBe(3)
  expect(JSON.parse(out)).toMatchObject({
    enforcement: { revision: 16, enforcedBy: 1, of: 2, missing: [{ plane: away.id, name: 'plane-2', standing: 'away', revision: 15 }] },
  })
})

test.for(changes)('%s %s … claims nothing when it cannot ask what the planes enforce', async (args) => {
  await using gateway = await standIn({
    users: { setDisabled: () => dave },
    servers: { kill: () => ({ revision: 16 }), approve: () => ({ revision: 16, approved: [] }) },
    tokens: { revoke: () => ({ revision: 16 }) },
    policy: { apply: () => ({ revision: 16, edits: [] }) },
    snapshot: {
      status: () => {
        throw new Refusal('unavailable', 'The control plane cannot reach its database.')
      },
    },
  })
  const { exit, out, err } = await bir(args, { ...at(gateway.url), ...stdin })
  expect([exit, out.includes('Enforced')]).toEqual([3, false])
  expect(err).toContain('cannot be asked')
})

test('a plane that is about to take the policy is waited for', async () => {
  let asked = 0
  await using gateway = await standIn({
    snapshot: {
      status() {
        asked++
        const planes = [aPlane(1, asked < 3 ? { standing: 'behind', revision: 15 } : {})]
        return { revision: 16, root: 'f00d', at: '2026-11-22T08:00:00Z', planes }
      },
    },
  })
  const client = createClient({ url: gateway.url, token: 'a-token' })
  expect(await awaitEnforcement(client)).toMatchObject({ enforcedBy: 1, of: 1 })
  asked = 0
  expect(await awaitEnforcement(client, 0)).toMatchObject({ enforcedBy: 0, of: 1, missing: [{ standing: 'behind' }] })
})

test('a control plane of an earlier version, which says revisions alone, is understood', async () => {
  const { standing: _, ...earlier } = aPlane(1, {})
  await using gateway = await aGateway(earlier, {
    ...earlier,
    id: away.id,
    name: 'plane-2',
    rejected: { revision: 16, reasons: ['no'] },
    revision: 15,
  })
  const { out, err } = await bir(['server', 'kill', 'sql'], at(gateway.url))
  expect(out).toContain('Enforced by 1 of 2 planes.')
  expect(err).toContain('plane-2 rejects revision 16')
})

test('snapshot status counts away planes as not enforcing, leaves stopped ones out, and shows what each had last', async () => {
  await using gateway = await aGateway(aPlane(1, {}), away, stopped, wrongClock)
  const { exit, out } = await bir(['snapshot', 'status'], at(gateway.url))
  expect(exit).toBe(3)
  expect(out).toContain('enforced by 1 of 3 planes.')
  expect(out).toMatch(/plane-2 +15 +2026-11-22T08:30:00Z +0 +away/)
  expect(out).toMatch(/plane-4 +12 .* stopped/)
  expect(out).toMatch(/plane-5 +15 .* clock 86400 s ahead/)
  expect(out).toContain('"bir plane forget"')
})

test('a plane that is gone is forgotten by its name', async () => {
  await using gateway = await aGateway(aPlane(1, {}), away)
  expect(await bir(['plane', 'forget', 'plane-2'], at(gateway.url))).toEqual({
    exit: 0,
    out: 'plane-2 is forgotten; revision 17.\n',
    err: '',
  })
  expect((await bir(['plane', 'forget', 'nope'], at(gateway.url))).exit).toBe(2)
})
