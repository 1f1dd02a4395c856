import { percentile, round, table } from '../measure/figures.ts'
import { machine } from '../measure/machine.ts'
import { lawNames } from './laws.ts'
import type { Faults } from './laws.ts'
import { runFlows } from './run-flows.ts'

const amounts = { flows: 1_000, refreshes: 10_000 }

/**
 * Two control planes behind a round-robin, on one database: code flows, and refreshes that all race. Each replica is
 * killed once in the midst, and started again.
 */
export async function flows(): Promise<object> {
  const { faults, refreshMs, flowsPerS, refreshesPerS, ...counts } = await runFlows(amounts)
  const sorted = refreshMs.toSorted((a, b) => a - b)
  const [p50Ms, p99Ms] = [percentile(sorted, 0.5), percentile(sorted, 0.99)]
  const isMet = Object.values(faults).every((count) => count === 0)
  const laws = Object.entries(lawNames) as [keyof Faults, string][]
  process.stdout.write(
    `${machine()}, two replicas, each killed once

${table(
  ['done', 'times'],
  [
    ['code flow, from the click to the tokens', String(amounts.flows)],
    ['of these with a code that came twice', String(counts.stolenCodes)],
    ['of these cut at the last step by a kill', String(counts.cutFlows)],
    ['refresh', String(refreshMs.length)],
    ['requests for them, two or more at once', String(counts.requests)],
    ['replay of an old refresh token', String(counts.replays)],
  ],
)}

${table(
  ['fault', 'times'],
  laws.map(([law, name]) => [name, String(faults[law])]),
)}

${round(flowsPerS, 1)} flows a second, the provider included; ${round(refreshesPerS, 1)} refreshes a second, each ${round(p50Ms, 1)} ms (p50), ${round(p99Ms, 1)} ms (p99) until all its requests are answered, eight at once.
Bar: no fault: ${isMet ? 'met' : 'missed'}.
`,
  )
  return {
    bench: 'flows',
    machine: machine(),
    at: new Date().toISOString(),
    ...amounts,
    ...counts,
    faults,
    flowsPerS,
    refreshesPerS,
    p50Ms,
    p99Ms,
    isMet,
  }
}
