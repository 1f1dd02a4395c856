import { expect, test } from 'vitest'
import { z } from 'zod'
import { defineServer } from './define.ts'

test('closing a server calls the close of its declaration; a server without one has nothing to end', async () => {
  let closed = 0
  const settings = z.strictObject({})
  const keeper = defineServer({ id: 'keeper', title: 'Keeper', settings, close: async () => void closed++ }).with()
  await keeper.close()
  expect(closed).toBe(1)

  const plain = defineServer({ id: 'plain', title: 'Plain', settings }).with()
  await expect(plain.close()).resolves.toBeUndefined()
})
