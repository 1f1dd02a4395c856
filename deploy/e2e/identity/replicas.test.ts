import { expect, test } from 'vitest'
import { runFlows } from '../../bench/flows/run-flows.ts'

/** The small form of `npm run -s bench -- flows`. */
test('two control planes, of which one is killed midway, use no code twice, lose no session, and have one winner a refresh', async () => {
  const { faults } = await runFlows({ flows: 24, refreshes: 120 })
  expect(Object.entries(faults).filter(([, count]) => count > 0)).toEqual([])
})
