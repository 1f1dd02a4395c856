import { expect, test } from 'vitest'
import { HeldBytes } from './held-bytes.ts'

const kib = 1024

test('one address holds half of all, another gets a share, and a small body is always read', () => {
  const held = new HeldBytes(1000 * kib)
  expect(held.take('a', 500 * kib, 0)).toBe(true)
  expect(held.take('a', 17 * kib, 0)).toBe(false)
  expect(held.take('a', 1, 16 * kib)).toBe(false)
  expect(held.take('a', 16 * kib, 0)).toBe(true)
  expect(held.take('b', 240 * kib, 0)).toBe(true)
  held.giveBack('a', 516 * kib)
  expect(held.take('a', 300 * kib, 0)).toBe(true)
  held.giveBack('a', 300 * kib)
  held.giveBack('b', 240 * kib)
  expect(held.total).toBe(0)
})
