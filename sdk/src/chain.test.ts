import { generateKeyPairSync, sign } from 'node:crypto'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { faultOf, headerHash, sha256 } from './chain.ts'
import type { ChainFault } from './chain.ts'
import { AuditHeader, FIRST_PREV } from './contract/audit.ts'
import type { AuditRecord } from './contract/audit.ts'

const { privateKey, publicKey } = generateKeyPairSync('ed25519')
const id = '01890000-0000-7000-8000-0000000000aa'

interface Call {
  handle: string
  args: string | undefined
}

/** A chain as a plane writes it: these calls, then its signed head. */
function chainOf(calls: readonly Call[]): AuditRecord[] {
  const records: AuditRecord[] = []
  const follow = () => ({ v: 1, plane: id, boot: id, seq: records.length + 1, prev: records.at(-1)?.hash ?? FIRST_PREV, atMs: 1 }) as const
  for (const { handle, args } of calls) records.push(aCall({ ...follow(), kind: 'call', handle }, args))
  const last = follow()
  records.push(sealed({ ...last, kind: 'head', signature: sign(null, Buffer.from(last.prev), privateKey).toString('base64url') }))
  return records
}

const aCall = (fields: AuditHeader, args: string | undefined): AuditRecord =>
  args === undefined ? sealed(fields) : { ...sealed({ ...fields, argsDigest: sha256(args) }), args }

function sealed(fields: AuditHeader): AuditRecord {
  const header = AuditHeader.parse(fields)
  return { hash: headerHash(header), header }
}

function firstFault(records: readonly AuditRecord[]): ChainFault | undefined {
  let head = { seq: 0, hash: FIRST_PREV }
  for (const record of records) {
    const fault = faultOf(head, record, publicKey)
    if (fault) return fault
    head = { seq: record.header.seq, hash: record.hash }
  }
  return undefined
}

const calls = fc.array(fc.record({ handle: fc.string(), args: fc.option(fc.string(), { nil: undefined }) }), { minLength: 2, maxLength: 8 })
/** A chain and one of its calls. */
const chosen = calls.chain((of) => fc.tuple(fc.constant(chainOf(of)), fc.nat(of.length - 1)))

const edits: readonly [what: string, edit: (record: AuditRecord) => AuditRecord][] = [
  ['a name is changed', (record) => ({ ...record, header: { ...record.header, handle: `${record.header.handle}.` } })],
  ['a time is changed', (record) => ({ ...record, header: { ...record.header, atMs: 2 } })],
  ['a field is added', (record) => ({ ...record, header: { ...record.header, reason: 'no-grant' } })],
  ['it is rewritten, hash and all', (record) => ({ ...record, ...sealed({ ...record.header, outcome: 'answered' }) })],
  ['its arguments are changed', (record) => ({ ...record, args: `${record.args ?? ''}.` })],
  ['its hash is another', (record) => ({ ...record, hash: sha256(record.hash) })],
]

test('an unaltered chain is whole, and so is every beginning of it', () => {
  fc.assert(
    fc.property(chosen, ([records, at]) => {
      expect(firstFault(records)).toBeUndefined()
      expect(firstFault(records.slice(0, at))).toBeUndefined()
    }),
  )
})

test.for(edits)('every change of a record is detected: %s', ([, edit]) => {
  fc.assert(
    fc.property(chosen, ([records, at]) => {
      expect(firstFault(records.map((record, index) => (index === at ? edit(record) : record)))).toBeDefined()
    }),
  )
})

test('removing, repeating or moving a record before the last is detected', () => {
  fc.assert(
    fc.property(chosen, ([records, at]) => {
      const [before, one, after] = [records.slice(0, at), records.slice(at, at + 1), records.slice(at + 1)]
      expect(firstFault([...before, ...after])).toMatchObject({ fault: 'gap' })
      expect(firstFault([...before, ...one, ...one, ...after])).toMatchObject({ fault: 'gap' })
      expect(firstFault([...before, ...after.slice(0, 1), ...one, ...after.slice(1)])).toMatchObject({ fault: 'gap' })
    }),
  )
})

test("a chain that is forged without the plane's key is detected", () => {
  const other = generateKeyPairSync('ed25519').privateKey
  const records = chainOf([{ handle: 'alice', args: undefined }])
  const head = records[1]?.header
  if (!head) throw new Error('the chain has a head')
  const forged = sealed({ ...head, signature: sign(null, Buffer.from(head.prev), other).toString('base64url') })
  expect(firstFault([...records.slice(0, 1), forged])).toEqual({ seq: 2, fault: 'wrong-signature' })
})

test('an erased body leaves the chain whole', () => {
  const records = chainOf([{ handle: 'alice', args: '{"sql":"select 1"}' }])
  expect(firstFault(records.map(({ hash, header }) => ({ hash, header })))).toBeUndefined()
})
