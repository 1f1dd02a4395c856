import { generateKeyPairSync, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { calculateJwkThumbprint } from 'jose'
import { expect, test } from 'vitest'
import type { z } from 'zod'
import { headerHash, sha256 } from '../../chain.ts'
import { AuditHeader, FIRST_PREV, SET_APART, setApartText } from '../../contract/audit.ts'
import type { AuditRecord, SetApart } from '../../contract/audit.ts'
import type { PlaneAudit, PlaneState } from '../../contract/entities.ts'
import { joinedPlaneText } from '../../contract/joined-plane.ts'
import { standIn } from '../../testing.ts'
import { at, bir, NOW_MS } from '../testing.ts'

const plane = '01890000-0000-7000-8000-0000000000aa'
const control = '01890000-0000-7000-8000-0000000000bb'
const boot = '01890000-0000-7000-8000-0000000000cc'
const { privateKey, publicKey } = generateKeyPairSync('ed25519')
const ownKey = generateKeyPairSync('ed25519')

/** What the control plane's chain says of the plane that joined: its name, its id and its key. */
const joined = joinedPlaneText({ name: 'local', id: plane, thumbprint: await calculateJwkThumbprint(publicKey.export({ format: 'jwk' })) })

/**
 * Records as a plane writes them: a boot, calls with bodies, and every fifth a signed head. The second record of the
 * control plane's is the join of the plane.
 */
function aChain(length: number, of = plane, key: KeyObject = privateKey): AuditRecord[] {
  const records: AuditRecord[] = []
  for (let seq = 1; seq <= length; seq++) records.push(aRecord(seq, records.at(-1)?.hash ?? FIRST_PREV, of, key))
  return records
}

function aRecord(seq: number, prev: string, of: string, key: KeyObject): AuditRecord {
  const base = { v: 1, plane: of, seq, prev, boot, atMs: NOW_MS + seq } as const
  if (seq % 5 === 0) return sealed({ ...base, kind: 'head', signature: sign(null, Buffer.from(prev), key).toString('base64url') })
  if (seq === 1) return sealed({ ...base, kind: 'boot' })
  if (of === control && seq === 2) return sealed({ ...base, kind: 'change', method: 'planes.join', detail: joined })
  const bodies = { args: `{"n":${seq}}`, result: 'ok' }
  return {
    ...sealed({
      ...base,
      kind: 'call',
      handle: 'alice',
      tool: 'echo',
      argsDigest: sha256(bodies.args),
      resultDigest: sha256(bodies.result),
    }),
    ...bodies,
  }
}

function sealed(fields: AuditHeader): AuditRecord {
  const header = AuditHeader.parse(fields)
  return { hash: headerHash(header), header }
}

const ownChain = () => aChain(2, control, ownKey.privateKey)

interface Gateway {
  headSeq?: number
  own?: AuditRecord[]
  /** What the plane told of its audit. */
  audit?: Partial<z.input<typeof PlaneAudit>>
  expelled?: boolean
  standing?: 'clock'
  seenAt?: string | null
  /** The public key that the gateway shows as the plane's. */
  key?: KeyObject
  /** What the gateway says beside the records; undefined as an older version says nothing. */
  page?: object | undefined
  strays?: { plane: string; count: number; seq: string }[]
  /** The plane and its chain are in no list. */
  isGone?: boolean
}

const nothingBeside = { apart: [], misfiled: [], misdated: [] }

/** A gateway that holds these records of the plane, and says it has so many. */
function aGateway(records: AuditRecord[], given: Gateway = {}) {
  const { headSeq = records.length, own = ownChain(), audit = {}, expelled = false, key = publicKey, isGone = false } = given
  const { standing, seenAt = '2026-11-22T08:30:00Z' } = given
  const page = 'page' in given ? given.page : nothingBeside
  const state: z.input<typeof PlaneState> = {
    id: plane,
    name: 'local',
    publicKey: {},
    joinedAt: '2026-11-22T08:00:00Z',
    seenAt,
    ...(standing && { standing }),
    revision: 7,
    rejected: null,
    auditSeq: headSeq,
    audit: { standing: 'current', written: headSeq, waiting: 0, apart: 0, why: null, toldAt: '2026-11-22T08:30:00Z', ...audit },
    expelled,
    expelledAt: expelled ? '2026-11-22T08:20:00Z' : null,
  }
  const held: Record<string, AuditRecord[]> = { [plane]: records, [control]: own }
  return standIn({
    audit: {
      chains: () => ({
        items: [
          ...(isGone ? [] : [{ plane, name: 'local', publicKey: { ...key.export({ format: 'jwk' }) }, seq: headSeq }]),
          { plane: control, name: 'control plane', publicKey: { ...ownKey.publicKey.export({ format: 'jwk' }) }, seq: own.length },
        ],
        ...(given.strays && { strays: given.strays }),
      }),
      chain: ({ plane: of, afterSeq, first }) => ({
        records: (held[of] ?? []).filter(({ header }) => header.seq > afterSeq).slice(0, first),
        ...(of === plane && afterSeq === 0 ? page : nothingBeside),
      }),
    },
    planes: { list: () => ({ items: isGone ? [] : [state] }) },
  })
}

test("whole chains are reported as whole, over many pages, the control plane's own too", async () => {
  await using gateway = await aGateway(aChain(2503), { own: aChain(6, control, ownKey.privateKey) })
  const { exit, out } = await bir(['audit', 'verify'], at(gateway.url))
  const [first, second] = out.split('\n')
  expect(exit).toBe(0)
  expect(first).toMatch(
    /^local \(.*\): whole, 2503 records: 1 to 2499 are signed, by record 2500; 2501 to 2503 are not signed yet; head [0-9a-f]{16}$/,
  )
  expect(second).toMatch(/^control plane \(.*\): whole, 6 records: 1 to 4 are signed, by record 5; 6 is not signed yet;/)
})

const change = (at: number, of: (record: AuditRecord) => AuditRecord) => (records: AuditRecord[]) =>
  records.map((record) => (record.header.seq === at ? of(record) : record))
const rewritten = (record: AuditRecord, fields: Partial<AuditHeader>) => ({ ...record, ...sealed({ ...record.header, ...fields }) })

test.for<[story: string, tamper: (records: AuditRecord[]) => unknown[], seq: number, fault: string]>([
  ['a field is changed', change(3, (record) => ({ ...record, header: { ...record.header, handle: 'bob' } })), 3, 'wrong-hash'],
  ['a field is changed and its hash made anew', change(3, (record) => rewritten(record, { handle: 'bob' })), 4, 'broken-link'],
  ['arguments are changed', change(4, (record) => ({ ...record, args: '{"n":5}' })), 4, 'wrong-body'],
  ['a result is put where none was', change(1, (record) => ({ ...record, result: 'none' })), 1, 'wrong-body'],
  ['a record is removed', (records) => records.filter(({ header }) => header.seq !== 6), 7, 'gap'],
  ['the first record is removed', (records) => records.slice(1), 2, 'gap'],
  ['the end is cut off', (records) => records.slice(0, 9), 10, 'missing-end'],
  ['everything is removed', () => [], 1, 'missing-end'],
  ['two records change places', (records) => [...records.slice(0, 2), ...records.slice(2, 4).toReversed(), ...records.slice(4)], 4, 'gap'],
  ['the whole chain is forged with another key', () => aChain(12, plane, generateKeyPairSync('ed25519').privateKey), 5, 'wrong-signature'],
  ['a signature is left out', change(5, (record) => rewritten(record, { signature: undefined })), 5, 'wrong-signature'],
  ["another plane's records are shown", () => aChain(12, control), 1, 'foreign-record'],
  [
    'a record holds what no record may',
    change(2, (record) => ({ ...record, header: { ...record.header, note: 'x' } as AuditHeader })),
    2,
    'unreadable',
  ],
])('tampering is detected and named when %s', async ([, tamper, seq, fault]) => {
  await using gateway = await aGateway(tamper(aChain(12)) as AuditRecord[], { headSeq: 12 })
  const machine = await bir(['audit', 'verify', '--json', '--plane', 'local'], at(gateway.url))
  const person = await bir(['audit', 'verify'], at(gateway.url))
  expect(machine.exit).toBe(3)
  expect(JSON.parse(machine.out)).toMatchObject({ plane, fault: { seq, fault } })
  expect(person.out).toContain(`BROKEN at record ${seq}`)
})

test('a forged chain of the control plane is detected', async () => {
  await using gateway = await aGateway(aChain(3), { own: aChain(6, control) })
  const { exit, out } = await bir(['audit', 'verify'], at(gateway.url))
  expect(exit).toBe(3)
  expect(out).toMatch(/^control plane \(.*\): BROKEN at record 5: its signature does not fit/m)
})

const minuteMs = 60_000
/** What follows a chain's end, a record at each of these minutes. Nothing of it is signed. */
function continued(records: AuditRecord[], minutes: number[]): AuditRecord[] {
  const all = [...records]
  for (const minute of minutes) {
    const { hash: prev = FIRST_PREV, header } = all.at(-1) ?? {}
    const seq = (header?.seq ?? 0) + 1
    all.push(sealed({ v: 1, plane, seq, prev, boot, atMs: NOW_MS + minute * minuteMs, kind: 'call' }))
  }
  return all
}

test.for<[story: string, records: AuditRecord[], exit: number, says: RegExp]>([
  [
    'a tail of ten minutes',
    continued(aChain(5), [1, 11]),
    0,
    /whole, 7 records: 1 to 4 are signed, by record 5; 6 to 7 are not signed yet;/,
  ],
  [
    'a longer tail',
    continued(aChain(5), [1, 12]),
    3,
    /UNSIGNED from record 6 on: .*7 records: 1 to 4 are signed, by record 5; 6 to 7 are not signed yet/,
  ],
  ['a tail whose clock went back', continued(aChain(5), [12, 1]), 3, /UNSIGNED from record 6 on/],
  ['a young chain without a signature', continued([], [-9, -1]), 0, /whole, 2 records: none is signed yet;/],
  ['an old chain without one, though all of a moment', continued([], [-11, -11]), 3, /UNSIGNED from record 1 on: .*none is signed yet/],
  ['an old chain that ends with its signature', aChain(5), 0, /whole, 5 records: 1 to 4 are signed, by record 5; head/],
])('an unsigned end is reported, and is a fault after ten minutes: %s', async ([, records, exit, says]) => {
  await using gateway = await aGateway(records)
  const person = await bir(['audit', 'verify', '--plane', 'local'], at(gateway.url))
  expect(person.out).toMatch(says)
  expect(person.exit).toBe(exit)
  const machine = await bir(['audit', 'verify', '--plane', 'local', '--json'], at(gateway.url))
  const { fault } = JSON.parse(machine.out) as { fault?: { fault: string } }
  expect(fault?.fault).toBe(exit === 3 ? 'unsigned' : undefined)
})

test('a chain with erased bodies is whole, and the bodies are counted', async () => {
  const erased = change(3, ({ hash, header }) => ({ hash, header }))(aChain(7))
  await using gateway = await aGateway(erased)
  const { exit, out } = await bir(['audit', 'verify'], at(gateway.url))
  expect([exit, out.includes('2 bodies erased')]).toEqual([0, true])
})

test('a plane is selected by name, and an unknown plane is bad input', async () => {
  await using gateway = await aGateway(aChain(2), { own: ownChain() })
  const one = await bir(['audit', 'verify', '--plane', 'local'], at(gateway.url))
  expect(one.out.split('\n')).toHaveLength(2)
  const none = await bir(['audit', 'verify', '--plane', 'mars'], at(gateway.url))
  expect([none.exit, none.err]).toEqual([2, 'bir: There is no plane mars (known: local, control plane).\n'])
})

test('an export holds every record as it was written, and verifies', async () => {
  const records = aChain(1203)
  await using gateway = await aGateway(records)
  const { exit, out } = await bir(['audit', 'export'], at(gateway.url))
  const lines = out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as AuditRecord)
  expect(exit).toBe(0)
  expect(lines).toEqual([...records, ...ownChain()])
  expect(lines.every(({ hash, header }) => sha256(JSON.stringify(header)) === hash)).toBe(true)
})

const expelledAndSent =
  /unbroken, 7.*\n  not vouched for: The plane was expelled at 2026-11-22T08:20:00Z\. What it recorded since then is not here\.\n/

test.for<[story: string, given: Gateway, exit: number, verdict: RegExp]>([
  ['whose plane told that it wrote no more', { audit: { standing: 'ended' } }, 0, /^local .*: whole, 7 records/],
  [
    'whose plane told nothing yet',
    { audit: { standing: 'unknown' } },
    0,
    /unbroken, 7.*\n.*has not told .*: it has joined only just now, or is of an/,
  ],
  [
    'whose plane was never heard of',
    { audit: { standing: 'unknown' }, seenAt: null },
    0,
    /unbroken, 7.*\n.*has not told .*: it was not heard of since it joined\. Records may/,
  ],
  [
    'whose plane has a wrong clock and told nothing',
    { audit: { standing: 'unknown' }, standing: 'clock' },
    0,
    /unbroken, 7.*\n.*has not told .*: it is refused, because its clock is wrong\. Records may/,
  ],
  [
    'whose plane got a wrong clock',
    { audit: { standing: 'silent', toldAt: '2026-11-22T08:25:00Z' }, standing: 'clock' },
    0,
    /unbroken, 7.*\n.*its clock is wrong\. It last told .* at 2026-11-22T08:25:00Z\. What/,
  ],
  ['that is not heard of', { audit: { standing: 'silent' } }, 0, /unbroken, 7.*\n  not vouched for: .*last heard of at 2026-11-22T08:30/],
  [
    'that has records which do not come',
    { audit: { standing: 'waiting', waiting: 3, why: 'record 8 is too long' } },
    3,
    /INCOMPLETE from record 8 on: .*\n  not vouched for: The plane told of records that are not here: 3\..*record 8 is too long/,
  ],
  [
    'that was expelled with records',
    { audit: { standing: 'waiting', waiting: 3 }, expelled: true },
    0,
    /unbroken, 7.*\n  not vouched for: The plane was expelled at 2026-11-22T08:20.*since then is not here\. .*missing: 3\./,
  ],
  ['that was expelled and had sent everything', { audit: { standing: 'silent' }, expelled: true }, 0, expelledAndSent],
  ['that had ended before it was expelled', { audit: { standing: 'ended' }, expelled: true }, 0, expelledAndSent],
])('the chain of a plane %s is reported so', async ([, given, exit, verdict]) => {
  await using gateway = await aGateway(aChain(7), given)
  const answer = await bir(['audit', 'verify', '--plane', 'local'], at(gateway.url))
  expect([answer.exit, answer.out]).toEqual([exit, expect.stringMatching(verdict)])
})

const withJoin = (record: Partial<AuditHeader>, args?: string) => {
  const [boot, join] = ownChain() as [AuditRecord, AuditRecord]
  const digest = args === undefined ? {} : { argsDigest: sha256(args) }
  const made = sealed({ ...join.header, ...record, ...digest })
  return [boot, args === undefined ? made : { ...made, args }]
}
const exchanged = generateKeyPairSync('ed25519')

test.for<[story: string, records: AuditRecord[], given: Gateway, exit: number, says: RegExp]>([
  [
    'records that the search shows as others',
    aChain(7),
    { page: { misfiled: [{ seq: 4, columns: ['handle'] }] } },
    3,
    /at record 4: the search/,
  ],
  [
    'records under a time that a wrong clock explains',
    aChain(7),
    { page: { misfiled: [], misdated: [3] } },
    0,
    /unbroken.*\n.*another time/,
  ],
  ['an index that an older gateway does not compare', aChain(7), { page: undefined }, 0, /unbroken.*\n.*does not compare/],
  [
    'a plane that is in no list any more',
    [],
    { isGone: true },
    3,
    /^local .*BROKEN at record 1: this plane joined, and its records are gone/,
  ],
  [
    'a chain that was signed anew with another key',
    aChain(7, plane, exchanged.privateKey),
    { key: exchanged.publicKey },
    3,
    /BROKEN at record 1: the key of its plane is not the one that joined/,
  ],
  ['a plane that never joined', aChain(7), { own: aChain(1, control, ownKey.privateKey) }, 3, /no record .* says that this plane joined/],
  [
    'a plane that joined before keys were recorded',
    aChain(7),
    { own: withJoin({ detail: 'local' }, `{"action":"planes.join","detail":"${plane}","target":"local"}`) },
    0,
    /unbroken.*\n.*joined before the gateway recorded the keys/,
  ],
  ['such a plane that is gone', [], { own: withJoin({ detail: 'local' }, `{"detail":"${plane}"}`), isGone: true }, 3, /records are gone/],
  [
    'a plane whose join lost its body',
    aChain(7),
    { own: withJoin({ detail: 'local', argsDigest: sha256('{}') }) },
    0,
    /unbroken.*\n.*erased/,
  ],
  ['a broken chain of the control plane', aChain(7), { own: aChain(6, control) }, 3, /unbroken.*\n.*nobody knows which planes joined/],
])('verify finds or does not vouch for %s', async ([, records, given, exit, says]) => {
  await using gateway = await aGateway(records, given)
  const answer = await bir(['audit', 'verify'], at(gateway.url))
  expect([answer.exit, answer.out]).toEqual([exit, expect.stringMatching(says)])
})

/** The chain with a stand-in for its third record, and a last head with this detail. */
function setApart(says: (hash: string) => string) {
  const records = aChain(7)
  const { hash, header } = records[2] as AuditRecord
  const { hash: prev } = records[6] as AuditRecord
  const signature = sign(null, Buffer.from(prev), privateKey).toString('base64url')
  const head = sealed({ v: 1, plane, seq: 8, prev, boot, atMs: NOW_MS, kind: 'head', reason: SET_APART, detail: says(hash), signature })
  const standIn: SetApart = { hash, apart: header, bytes: 33_000_000, why: 'it is too long' }
  return { records: [...records.toSpliced(2, 1), head], page: { apart: [standIn], misfiled: [], misdated: [] } }
}

test('a record that its plane set apart is not vouched for; one that somebody took out so is missing', async () => {
  const honest = setApart((hash) => setApartText(3, hash))
  await using gateway = await aGateway(honest.records, { headSeq: 8, page: honest.page })
  const told = await bir(['audit', 'verify', '--plane', 'local'], at(gateway.url))
  expect([told.exit, told.out]).toEqual([
    0,
    expect.stringMatching(/unbroken, 8 records.*\n.*Records that could not be sent .*: 1, from record 3 on/),
  ])
  const forged = setApart((hash) => setApartText(4, hash))
  await using other = await aGateway(forged.records, { headSeq: 8, page: forged.page })
  const found = await bir(['audit', 'verify', '--plane', 'local'], at(other.url))
  expect([found.exit, found.out]).toEqual([3, expect.stringContaining('BROKEN at record 3: its text is missing')])
})

test('records beside the chains are a fault, with their number and the first of them', async () => {
  const strays = [
    { plane: '12345678-1234-0000-0000-123456789abc', count: 4, seq: '7' },
    { plane, count: 2, seq: '-5' },
  ]
  await using gateway = await aGateway(aChain(7), { strays })
  const { exit, out } = await bir(['audit', 'verify'], at(gateway.url))
  expect(exit).toBe(3)
  expect(out).toMatch(/^no plane \(12345678-.*\): FORGED, 4 records, the first with the number 7: they belong to no chain/m)
  expect(out).toMatch(/^local \(.*\): FORGED, 2 records, the first with the number -5: they stand before the first record/m)
  const one = await bir(['audit', 'verify', '--plane', 'control plane'], at(gateway.url))
  expect([one.exit, one.out]).toEqual([0, expect.not.stringContaining('FORGED')])
})
