import { expect, test } from 'vitest'
import { leakRun } from './leak-run.ts'
import { aCanary, searchFor, spellingsOf } from './needles.ts'
import { stores } from './stores.ts'

/** `npm run -s bench -- leaks` makes ten thousand calls of the same kinds. */
const calls = 200

for (const { name, skip, open } of stores) {
  const title = `${name}: tokens of two people who call at once go with their own calls alone, and are found nowhere in clear`
  test.skipIf(skip !== undefined)(skip === undefined ? title : `${title} (${skip})`, async () => {
    await using store = await open()
    const { leaks, crossed, failed, upstream } = await leakRun({ calls, env: store.env })
    expect(leaks).toEqual([])
    expect(crossed).toEqual([])
    expect(upstream.bob).toBeGreaterThan(calls / 4)
    expect(upstream.alice).toBeGreaterThan(calls / 4)
    expect(failed).toBeGreaterThan(calls / 4)
    expect(failed).toBeLessThan(calls)
  })
}

test('the search finds a value in each spelling, wherever it stands', () => {
  const canary = aCanary('it', { before: 'a"b/', after: '+~' })
  const { found } = searchFor([canary])
  for (const [spelling, text] of spellingsOf(canary.value)) expect(found(`before ${text} after`), spelling).not.toEqual([])
  for (const before of ['', 'x', 'xy'])
    for (const encoding of ['base64', 'base64url'] as const)
      expect(found(Buffer.from(`${before}${canary.value}, and more`).toString(encoding)), `${before} ${encoding}`).not.toEqual([])
  expect(found(`before ${canary.value.slice(1, -1)} after`)).toEqual([])
})
