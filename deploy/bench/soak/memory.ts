import { readFileSync } from 'node:fs'
import { median } from '../measure/figures.ts'
import { processesBelow } from '../measure/machine.ts'

/** The parts of the gateway, by what their command line has. */
const parts = {
  launcher: 'deploy/local/start.ts',
  'control plane': 'control-plane/src/main.ts',
  'data plane': 'data-plane/src/main.ts',
  portal: 'portal/src/main.ts',
  'identity provider': 'idp/main.ts',
  Postgres: 'postgres',
} as const
export type Part = keyof typeof parts
export const partNames = Object.keys(parts) as Part[]

/** Resident memory of each part in MB. Shared memory of Postgres counts once for each of its processes. */
export function residentByPart(launcherPid: number): Record<Part, number> {
  const processes = processesBelow(launcherPid)
  return Object.fromEntries(
    partNames.map((part) => [
      part,
      sum(processes.filter(({ command }) => command.includes(parts[part])).map(({ pid }) => privateMbOf(pid))),
    ]),
  ) as Record<Part, number>
}

const sum = (values: number[]) => values.reduce((total, value) => total + value, 0)

/** Resident memory that belongs to the process alone: not pages of shared memory (Linux: proc(5), RssShmem). */
function privateMbOf(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const kb = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0)
    return ((kb('VmRSS') - kb('RssShmem')) * 1024) / 1e6
  } catch {
    return 0
  }
}

export interface Trend {
  /** Medians of the first and the last third of the samples. */
  firstMb: number
  lastMb: number
  maxMb: number
  isFlat: boolean
}

/** A heap breathes: this much more in the last third is no growth. */
const toleratedRatio = 1.05
const toleratedMb = 10

/** Whether memory still grows after the warm-up. */
export function trendOf(samplesMb: readonly number[]): Trend {
  const third = Math.max(1, Math.floor(samplesMb.length / 3))
  const firstMb = median(samplesMb.slice(0, third))
  const lastMb = median(samplesMb.slice(-third))
  return { firstMb, lastMb, maxMb: Math.max(...samplesMb), isFlat: lastMb <= firstMb * toleratedRatio + toleratedMb }
}
