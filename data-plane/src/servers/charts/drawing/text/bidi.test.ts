import { expect, test } from 'vitest'
import { visualOrder } from './bidi.ts'

test.for([
  ['a 1 b', ['a 1 b']],
  ['אב', ['אב']],
  ['x אב y', ['x ', 'אב', ' y']],
  ['אב גד', ['אב גד']],
  ['אב 12 גד x', [' גד', '12', 'אב ', ' x']],
  ['אב 1.25, ג', [', ג', '1.25', 'אב ']],
  ['אב 😀 גד!', ['אב 😀 גד', '!']],
  ['سعر 12', ['12', 'سعر ']],
  ['12 سعر', ['12 ', 'سعر']],
] as const)('%s stands on paper as %j', ([text, pieces]) => {
  expect(visualOrder(Array.from(text)).map((piece) => piece.text)).toEqual(pieces)
})

test('only letters from right to left, and what is between them, run so', () => {
  expect(visualOrder(Array.from('a אב - גד 5 x')).map((piece) => piece.isRightToLeft)).toEqual([false, false, true, false])
})

test('a long line is put in order at once', () => {
  expect(visualOrder(Array.from('אב 12, '.repeat(50_000))).length).toBe(100_001)
})
