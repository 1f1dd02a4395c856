import fc from 'fast-check'
import { expect, test } from 'vitest'
import { handleAt, isDisabled, positionIn, readBucket } from './bucket.ts'
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
