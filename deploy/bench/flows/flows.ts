import { percentile, round, table } from '../measure/figures.ts'
import { machine } from '../measure/machine.ts'
import { runFlows } from './run-flows.ts'

const amounts = { flows: 1_000, refreshes: 10_000 }

/**
 * Two control planes behind a round-robin, on one database: code flows and
 * refreshes with races, and a replica that is killed in the midst of each.
 */
export async function flows(): Promise<object> {
  const { faults, flowsPerS, refreshMs, kills } = await runFlows(amounts)
  const sorted = refreshMs.toSorted((a, b) => a - b)
  const [p50Ms, p99Ms] = [percentile(sorted, 0.5), percentile(sorted, 0.99)]
  const isMet = Object.values(faults).every((count) => count === 0)
  process.stdout.write(
    `${machine()}, ${amounts.flows} code flows, ${amounts.refreshes} refreshes, two replicas, ${kills} killed midway\n\n${table(
      ['fault', 'times'],
      [
        ['code used twice', String(faults.codesUsedTwice)],
        ['session of a code that came twice lives on', String(faults.codesNotRevoked)],
        ['session lost', String(faults.sessionsLost)],
        ['race for a refresh without exactly one winner', String(faults.racesWithoutOneWinner)],
        ['family of refresh tokens split', String(faults.familiesSplit)],
        ['answer that blames the gateway', String(faults.internalErrors)],
      ],
    )}\n\n${round(flowsPerS, 1)} flows a second, from the click to the tokens, the provider included; a refresh takes ${round(p50Ms, 1)} ms (p50), ${round(p99Ms, 1)} ms (p99), eight at once.\n`,
  )
  process.stdout.write(`Bar: no fault: ${isMet ? 'met' : 'missed'}.\n`)
  return { bench: 'flows', machine: machine(), at: new Date().toISOString(), ...amounts, faults, flowsPerS, p50Ms, p99Ms, isMet }
}
