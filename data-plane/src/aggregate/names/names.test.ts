import fc from 'fast-check'
import { expect, test } from 'vitest'
import { nameBook, promptOnAggregate, readName } from './names.ts'
import { aName, aServer } from '../testing.ts'

test('every name of every server is read back, with the book when it was shortened', () => {
  fc.assert(
    fc.property(aServer, fc.uniqueArray(aName, { minLength: 1 }), (server, names) => {
      const book = nameBook(server, names)
      for (const name of names) {
        const joined = promptOnAggregate(server, name)
        expect(joined.length).toBeLessThanOrEqual(64)
        expect(readName(joined, () => book)).toEqual({ server, name })
      }
    }),
  )
})

test('a name that was not shortened needs no book, even where a server id is a property of every object', () => {
  expect(readName('constructor_a_b', () => undefined)).toEqual({ server: 'constructor', name: 'a_b' })
})

test.for(['', '_x', 'nothing', 'Upper_x', 't_x', `${'s'.repeat(33)}_x`, `gitlab_${'x'.repeat(58)}`])('%j is no name of /mcp', (joined) => {
  expect(readName(joined, () => undefined)).toBeUndefined()
})

test('a shortened name does not end in half a character', () => {
  const joined = promptOnAggregate('s', `${'x'.repeat(52)}😀${'x'.repeat(20)}`)
  expect(joined).toHaveLength(64)
  expect(joined.isWellFormed()).toBe(true)
})

test('when a server has a name that equals the shortened form of another, that form stands for neither', () => {
  const long = 'x'.repeat(80)
  const joined = promptOnAggregate('evil', long)
  const imitation = joined.slice('evil_'.length)
  const book = nameBook('evil', [long, imitation])
  expect(readName(joined, () => book)).toBeUndefined()
})
