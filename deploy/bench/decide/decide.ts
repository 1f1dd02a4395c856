import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Child } from '../measure/child.ts'
import type { DecideFigures } from './measure.ts'
import { round, table } from '../measure/figures.ts'
import { machine } from '../measure/machine.ts'

const peopleCount = 1_000_000
/**
 * The limits apply to the first run. The second shows the cost of more
 * combinations of groups, which still give the same 200 profiles.
 */
const classCounts = [200, 2_000]

export async function decide(): Promise<object> {
  const results: (DecideFigures & { classCount: number })[] = []
  for (const classCount of classCounts) results.push({ classCount, ...(await measure(classCount)) })
  process.stdout.write(`${machine()}\n1,000,000 people, 50 servers, 2,000 tools, 200 profiles\n\n${formatResults(results)}\n`)
  return { bench: 'decide', machine: machine(), at: new Date().toISOString(), people: peopleCount, results }
}

/** One process writes the policy and another reads it, so that the measured process holds nothing else. */
async function measure(classCount: number): Promise<DecideFigures> {
  const dir = mkdtempSync(join(tmpdir(), 'bir-bench-'))
  try {
    using preparing = new Child(new URL('./prepare.ts', import.meta.url), [dir, String(peopleCount), String(classCount)])
    await preparing.receive()
    using measuring = new Child(new URL('./measure.ts', import.meta.url), [dir], ['--expose-gc', '--max-semi-space-size=2'])
    return await measuring.receive<DecideFigures>()
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

function formatResults(results: (DecideFigures & { classCount: number })[]): string {
  const row = (label: string, figure: keyof DecideFigures, bar: number, unit: string, digits = 0) => {
    const [first = Number.NaN, ...others] = results.map((result) => result[figure])
    const cells = [first, ...others].map((value) => `${round(value, digits)} ${unit}`)
    return [label, ...cells, `${round(bar)} ${unit}`, first <= bar ? 'met' : 'missed']
  }
  return table(
    ['', ...results.map(({ classCount }) => `${round(classCount)} classes`), 'bar', ''],
    [
      row('disk to ready', 'loadMs', 5_000, 'ms'),
      row('resident when ready', 'residentMb', 250, 'MB'),
      row('decide, CPU', 'decideNs', 2_000, 'ns'),
      ['heap kept by 1,000,000 decisions', ...results.map(({ heapGrowthKb }) => `${round(heapGrowthKb)} KB`), '', ''],
      row('one changed grant, on the wire', 'changeKb', 64, 'KB', 1),
      ['one changed grant, applied', ...results.map(({ changeMs }) => `${round(changeMs, 1)} ms`), '', ''],
      row('longest turn meanwhile, clock', 'stallWallMs', 10, 'ms', 1),
      row('longest turn meanwhile, CPU', 'stallCpuMs', 10, 'ms', 1),
      ['yardstick: one SHA-256 of an id', ...results.map(({ hashNs }) => `${round(hashNs)} ns`), '', ''],
    ],
  )
}
