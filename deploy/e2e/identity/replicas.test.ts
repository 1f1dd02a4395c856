import { expect, test } from 'vitest'
import { runFlows } from '../../bench/flows/run-flows.ts'

/** The small form of `npm run -s bench -- flows`. */
test('two control planes, each killed once midway, use no code twice, lose no session, and have one winner a refresh', async () => {
  const { faults } = await runFlows({ flows: 50, refreshes: 300 })
  expect(Object.entries(faults).filter(([, count]) => count > 0)).toEqual([])
})
