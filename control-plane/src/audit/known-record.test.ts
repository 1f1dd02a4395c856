import { AuditHeader, AuditRecord, Outcome, RecordKind } from '@bir/sdk/contract/audit'
import { Level } from '@bir/sdk/contract/level'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { isKnownRecord } from './known-record.ts'

const hex = fc.stringMatching(/^[0-9a-f]{64}$/)
const id = fc.uuid({ version: 7 })
const text = fc.string({ unit: 'binary' })
const int = fc.maxSafeInteger()
const oneOf = (values: readonly string[]) => fc.constantFrom(...values)

/** Values for each field. The required fields come first. */
const fields: Record<keyof AuditHeader, fc.Arbitrary<unknown>> = {
  v: fc.constantFrom(1, 2),
  kind: oneOf(RecordKind.options),
  plane: id,
  seq: fc.integer({ min: 1 }),
  prev: hex,
  boot: id,
  atMs: int,
  call: id,
  subject: text,
  handle: text,
  actor: text,
  client: text,
  ip: text,
  userAgent: text,
  tokenId: text,
  endpoint: text,
  era: text,
  method: text,
  server: text,
  tool: text,
  level: oneOf(Level.options),
  outcome: oneOf(Outcome.options),
  reason: text,
  detail: text,
  httpStatus: int,
  rpcCode: int,
  revision: int,
  behind: fc.constant(true),
  durationUs: int,
  argsBytes: int,
  argsDigest: hex,
  resultBytes: int,
  resultDigest: hex,
  traceId: text,
  count: int,
  signature: text,
  offline: fc.constant(true),
  sessionId: text,
}
const header = fc.record(fields, { requiredKeys: ['v', 'kind', 'plane', 'seq', 'prev', 'boot', 'atMs'] })
const record = fc.record({ hash: hex, header, args: text, result: text }, { requiredKeys: ['hash', 'header'] })

/** A record as planes send it: keys in the order of the schema, and only values that JSON has. */
const wired = (value: object): Wired => JSON.parse(JSON.stringify(value)) as Wired
type Wired = Record<string, unknown> & { header?: Record<string, unknown> | null }

const strange = fc.oneof(
  fc.constantFrom(null, '', 'x', 0, -1, 1.5, 1e300, true, false, 'F'.repeat(64), 'f'.repeat(63), `${'f'.repeat(64)}\n`, 2 ** 53),
  fc.constantFrom('00000000-0000-0000-0000-000000000000', '01890000-0000-9000-8000-0000000000aa', 'disabled', 'answered', 'call', [], {}),
  fc.jsonValue(),
)

/** Adds, removes, replaces and moves keys, of the record and of its header. */
const edit = fc.record({
  key: fc.oneof(fc.constantFrom(...Object.keys(fields), 'hash', 'header', 'args', 'result'), fc.constantFrom('mood', '__proto__', '1')),
  inHeader: fc.boolean(),
  how: fc.constantFrom('remove', 'set', 'move'),
  value: strange,
})

function edited(original: Wired, { key, inHeader, how, value }: { key: string; inHeader: boolean; how: string; value: unknown }): unknown {
  const change = (of: Record<string, unknown>): unknown => {
    const entries = Object.entries(of)
    const others = entries.filter(([name]) => name !== key)
    if (how === 'remove') return Object.fromEntries(others)
    if (how === 'move') return Object.fromEntries([...others, ...entries.filter(([name]) => name === key)])
    if (others.length === entries.length) return Object.fromEntries([...entries, [key, value]])
    return Object.fromEntries(entries.map(([name, old]) => [name, name === key ? value : old]))
  }
  const { header } = original
  if (inHeader && typeof header === 'object' && header !== null) return { ...original, header: change(header) }
  return change(original)
}

/** The guarantee: the schema accepts each known record, and writes the same bytes. */
function agrees(value: unknown): void {
  const bySchema = AuditRecord.safeParse(value)
  if (!isKnownRecord(value)) return
  expect(bySchema.success).toBe(true)
  expect(JSON.stringify(bySchema.data)).toBe(JSON.stringify(value))
}

test('the checks have all fields of the schema, in the same order', () => {
  expect(Object.keys(fields)).toEqual(Object.keys(AuditHeader.shape))
  fc.assert(fc.property(record, (value) => isKnownRecord(wired(value))))
})

test('the schema accepts every known record, and writes the same bytes', () => {
  fc.assert(
    fc.property(record, fc.array(edit, { minLength: 1, maxLength: 3 }), (value, edits) => {
      agrees(edits.reduce<unknown>((now, next) => edited(now as Wired, next), wired(value)))
    }),
    { numRuns: 2000 },
  )
})

test('any other JSON value is left to the schema', () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => !isKnownRecord(value)))
})

test.for(Object.keys(fields))('a record with an unusual %s is known only if the schema accepts it', (key) => {
  fc.assert(
    fc.property(record, strange, (value, odd) => {
      const of = wired(value)
      agrees({ ...of, header: { ...of.header, [key]: odd } })
    }),
  )
})
