import fc from 'fast-check'
import { expect, test } from 'vitest'
import { firstPositions, readCursor, writeCursor } from './cursor.ts'
import { aServer } from './testing.ts'
import { LISTS } from '../protocol/list-methods.ts'

test('positions are read back as they were written, an empty cursor too', () => {
  const cursor = fc.option(fc.string({ unit: 'binary', maxLength: 40 }), { nil: undefined })
  const entry = fc.tuple(aServer, cursor, fc.nat())
  fc.assert(
    fc.property(fc.uniqueArray(entry, { selector: ([server]) => server }), fc.constantFrom(...LISTS), (entries, list) => {
      const positions = new Map(entries.map(([server, cursor, skip]) => [server, cursor === undefined ? { skip } : { cursor, skip }]))
      const { cursor, dropped } = writeCursor(list, positions)
      expect(dropped).toEqual([])
      if (cursor === undefined) expect(positions.size).toBe(0)
      else expect(readCursor(list, JSON.parse(JSON.stringify(cursor)))).toEqual(positions)
    }),
  )
})

test('a composite cursor has a limit: the servers with the longest cursors are dropped, and named', () => {
  const ids = Array.from({ length: 60 }, (_, at) => `s${at}`)
  const positions = new Map(ids.map((id, at) => [id, { skip: 0, cursor: '"'.repeat(at * 20) }]))
  const { cursor, dropped } = writeCursor('tools/list', positions)
  expect(JSON.stringify(cursor).length).toBeLessThanOrEqual(33_000)
  expect(dropped).toEqual(ids.slice(60 - dropped.length))
  expect(dropped.length).toBeGreaterThan(0)
})

test.for<[string, unknown]>([
  ['nothing', undefined],
  ['another version', { v: 2, list: 'tools/list', at: [] }],
  ['another list', { v: 1, list: 'prompts/list', at: [] }],
  ['no server id', { v: 1, list: 'tools/list', at: [['A_b', 0]] }],
  ['a negative position', { v: 1, list: 'tools/list', at: [['a', -1]] }],
])('%s is no cursor', ([, opened]) => {
  expect(readCursor('tools/list', opened)).toBeUndefined()
})

test('a cursor of a later version of the gateway may say more', () => {
  expect(readCursor('tools/list', { v: 1, list: 'tools/list', at: [], more: 1 })).toBeDefined()
})

test('a walk begins at the first entry of every server', () => {
  expect([...firstPositions(['a', 'b'])]).toEqual([
    ['a', { skip: 0 }],
    ['b', { skip: 0 }],
  ])
})
