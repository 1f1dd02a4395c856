import { expect, test } from 'vitest'

test.fails('a test that hangs fails when its patience is over', { meta: { patienceMs: 200 } }, () => new Promise<never>(() => undefined))

test.fails('a condition that never holds fails its test', { meta: { patienceMs: 400 } }, async () => {
  await expect.poll(() => false).toBe(true)
})

test('a test that ends in time passes', { meta: { patienceMs: 60_000 } }, async () => {
  await new Promise((resolve) => setTimeout(resolve, 5))
})
