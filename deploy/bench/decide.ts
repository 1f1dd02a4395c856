import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Child } from './child.ts'
import type { DecideFigures } from './decide-measure.ts'
import { round, table } from './figures.ts'
import { machine } from './machine.ts'

/** A million people, fifty servers, two thousand tools: written by one process, so that the one measured holds nothing else. */
export async function decide(): Promise<object> {
  const dir = mkdtempSync(join(tmpdir(), 'bir-bench-'))
  try {
    using preparing = new Child('./decide-prepare.ts', [dir])
    await preparing.hears()
    using measuring = new Child('./decide-measure.ts', [dir], ['--expose-gc', '--max-semi-space-size=2'])
    const figures = await measuring.hears<DecideFigures>()
    process.stdout.write(`${machine()}\n1,000,000 people, 50 servers, 2,000 tools, 200 profiles\n\n${shown(figures)}\n`)
    return { bench: 'decide', machine: machine(), at: new Date().toISOString(), ...figures }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

function shown(figures: DecideFigures): string {
  const row = (what: string, value: number, bar: number, unit: string, digits = 0) => [
    what,
    `${round(value, digits)} ${unit}`,
    `${round(bar)} ${unit}`,
    value <= bar ? 'met' : 'missed',
  ]
  return table(
    ['', 'measured', 'bar', ''],
    [
      row('disk to ready', figures.loadMs, 5_000, 'ms'),
      row('resident when ready', figures.residentMb, 250, 'MB'),
      row('decide', figures.decideNs, 2_000, 'ns'),
      row('heap kept per 1,000,000 decisions', figures.heapGrowthKb, 100, 'KB'),
      row('one changed grant, on the wire', figures.changeBytes / 1024, 64, 'KB', 1),
      row('one changed grant, applied', figures.changeMs, 250, 'ms', 1),
      row('longest stall while it is applied', figures.changeStallMs, 10, 'ms', 1),
    ],
  )
}
