import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BodyBudget } from './body-budget.ts'

const kib = 1024

function takeAll(budget: BodyBudget, holder: string): number {
  const lease = budget.open(holder)
  let taken = 0
  try {
    for (;;) {
      lease.add(kib)
      taken += kib
    }
  } catch {
    return taken
  }
}

test('one holder gets half of all, the next a share of the rest, and whoever asks for little always gets it', () => {
  const budget = new BodyBudget(1000 * kib)
  expect(takeAll(budget, 'a')).toBe(500 * kib)
  expect(takeAll(budget, 'b')).toBe(250 * kib)
  for (let at = 0; at < 100; at++) budget.open(`small ${at}`).add(64 * kib)
  expect(budget.held).toBe((750 + 6400) * kib)
  expect(() => budget.open('a').add(1)).toThrow(expect.objectContaining({ code: 'rateLimited', retryAfterMs: 1000 }))
})

test('what was taken comes back, however often an end is told', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.nat(100_000))), (requests) => {
      const budget = new BodyBudget(1000 * kib)
      const leases = requests.map(([holder, bytes]) => {
        const lease = budget.open(holder)
        try {
          lease.add(bytes)
        } catch {
          lease.end()
        }
        return lease
      })
      for (const lease of leases) lease.end()
      for (const lease of leases) lease.end()
      expect(budget.held).toBe(0)
    }),
  )
})
