import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readSecretColumn, writeSecretColumn } from './bucket-secrets.ts'
import { handleAt, isDisabled, positionIn, readBucket } from './bucket.ts'
import { SECRET_UNUSABLE } from './snapshot.ts'
import { subjectOf } from './subject.ts'
import { uuidv7 } from './uuid.ts'

const columnsOf = (people: { id: string; disabled: boolean }[]) => {
  const classOf = Buffer.alloc(people.length * 2)
  return {
    ids: Buffer.from(people.map(({ id }) => id.replaceAll('-', '')).join(''), 'hex').toString('base64'),
    handles: people.map(({ id }) => `h${id.slice(-4)}`).join('\n'),
    classes: ['0'.repeat(16)],
    classOf: classOf.toString('base64'),
    flags: Buffer.from(people.map(({ disabled }) => (disabled ? 1 : 0))).toString('base64'),
  }
}

test('every person of a bucket is found with their data, and nobody else is', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.uuid(), { maxLength: 60 }), fc.uuid(), (ids, stranger) => {
      const people = ids.toSorted().map((id, at) => ({ id, disabled: at % 3 === 0 }))
      const bucket = readBucket(columnsOf(people))
      for (const [at, { id, disabled }] of people.entries()) {
        const subject = subjectOf(id)
        const position = subject ? positionIn(bucket, subject) : -1
        expect([position, isDisabled(bucket, position), handleAt(bucket, position)]).toEqual([at, disabled, `h${id.slice(-4)}`])
      }
      const other = subjectOf(stranger)
      if (other && !ids.includes(stranger)) expect(positionIn(bucket, other)).toBe(-1)
    }),
  )
})

test('columns of different lengths are refused', () => {
  const good = columnsOf([{ id: uuidv7(), disabled: false }])
  for (const wrong of [
    { flags: '' },
    { classOf: '' },
    { handles: 'a\nb' },
    { classOf: Buffer.from([1, 0]).toString('base64') },
    { ids: 'AAAA' },
  ]) {
    expect(() => readBucket({ ...good, ...wrong })).toThrow(/disagree/)
  }
})

test('an id that is no lower-case UUID is refused', () => {
  for (const id of ['', 'alice', uuidv7().toUpperCase(), `${uuidv7()}0`]) expect(subjectOf(id)).toBeUndefined()
})

test('UUIDv7 of later moments sort later, and carry version and variant', () => {
  const ids = [1, 2, 1e9, Date.now()].map((ms) => uuidv7(ms))
  expect(ids.toSorted()).toEqual(ids)
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  expect(new Set(Array.from({ length: 1000 }, () => uuidv7(1))).size).toBe(1000)
})

const aSecret = fc.record({
  version: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
  state: fc.integer({ min: 0, max: 255 }),
  level: fc.option(fc.constantFrom('read' as const, 'write' as const, 'destroy' as const), { nil: undefined }),
  expiresAtMs: fc.option(
    fc.integer({ min: 1, max: 2 ** 32 - 1 }).map((seconds) => seconds * 1000),
    { nil: undefined },
  ),
})

test('the column of secrets says of every person and server what was written, and nothing of others', () => {
  const places = fc.uniqueArray(fc.tuple(fc.nat(49), fc.constantFrom('gitlab', 'jira', 'sql')), { selector: String, maxLength: 40 })
  fc.assert(
    fc.property(places, fc.infiniteStream(aSecret), (pairs, secrets) => {
      const rows = pairs.map(([position, server]) => ({ position, server, ...secrets.next().value }))
      const { secretServers, secrets: bytes } = writeSecretColumn(rows)
      const column = readSecretColumn(new DataView(bytes.buffer), secretServers, 50)
      for (const { position, server, ...entry } of rows) expect(column.of(position, server)).toEqual(JSON.parse(JSON.stringify(entry)))
      expect(column.of(50, 'sql')).toBeUndefined()
      expect(column.of(0, 'absent')).toBeUndefined()
    }),
  )
})

test('a secret that covers no level is one that cannot be used, and none that covers every level', () => {
  const { secretServers, secrets } = writeSecretColumn([{ position: 0, server: 'gitlab', version: 1, state: 0, level: 'disabled' }])
  const entry = readSecretColumn(new DataView(secrets.buffer as ArrayBuffer), secretServers, 1).of(0, 'gitlab')
  expect(entry?.state).toBe(1 + SECRET_UNUSABLE.indexOf('insufficient_scope'))
})

test('a column of secrets that does not fit its bucket is refused', () => {
  const { secretServers, secrets } = writeSecretColumn([
    { position: 0, server: 'gitlab', version: 1, state: 0 },
    { position: 1, server: 'jira', version: 1, state: 0 },
  ])
  const read = (bytes: Uint8Array, servers: string[], people: number) => () =>
    readSecretColumn(new DataView(bytes.slice().buffer), servers, people)
  const unfit = /column of secrets/
  expect(read(secrets, secretServers, 2)).not.toThrow()
  expect(read(secrets, secretServers, 1)).toThrow(unfit)
  expect(read(secrets, ['gitlab'], 2)).toThrow(unfit)
  expect(read(secrets.slice(0, 20), secretServers, 2)).toThrow(unfit)
  const turned = new Uint8Array([...secrets.slice(16), ...secrets.slice(0, 16)])
  expect(read(turned, secretServers, 2)).toThrow(unfit)
})
