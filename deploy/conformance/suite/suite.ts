import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readChecks } from './checks.ts'
import type { Checks, Finding } from './checks.ts'
import { requirementsOf, suiteCommand } from './requirements.ts'
import type { Leg, Revision } from './requirements.ts'

const runLimitMs = 600_000
const saidLimit = 4_000

export interface SuiteResult {
  required: { passed: number; total: number }
  /** Checks of required scenarios that failed. */
  failed: Finding[]
  /** What a SHOULD of the specification would have otherwise; counts for nothing. */
  warnings: Finding[]
  /** Checks of required scenarios that were not made, for want of something to make them on. */
  skipped: Finding[]
  /** Scenarios that are run and reported, but not required. */
  unscored: { scenario: string; reason: string; failed: Finding[] }[]
}

/** Everything that a revision demands of a server, at its own wire. */
export async function testServer(url: string, revision: Revision): Promise<SuiteResult> {
  const { checks, said } = await run('server', ['--url', url, '--requirements', revision])
  const { required, unscored } = requirementsOf(revision, 'server')
  return resultOf({ required, unscored }, checks, said)
}

/** One scenario, required or not, as if it were all there is. Those of extensions are on no revision's timeline, hence the force. */
export async function testServerScenario(url: string, revision: Revision, scenario: string): Promise<SuiteResult> {
  const { checks, said } = await run('server', ['--url', url, '--scenario', scenario, '--spec-version', revision, '--force'])
  return resultOf({ required: [scenario], unscored: [] }, checks, said)
}

/** What a revision demands of a client but for `auth/*`, one after the other: the suite itself would start them all at once. */
export async function testClient(command: string, revision: Revision, only?: string): Promise<SuiteResult> {
  const required = only === undefined ? clientScenarios(revision) : [only]
  const all: Checks = new Map()
  let said = ''
  for (const scenario of required) {
    const one = await run('client', ['--command', command, '--scenario', scenario, '--spec-version', revision, '--timeout', '120000'])
    all.set(scenario, withExit(one.checks.get(scenario), one))
    said += one.said
  }
  return resultOf({ required, unscored: [] }, all, said)
}

const clientScenarios = (revision: Revision) =>
  requirementsOf(revision, 'client').required.filter((scenario) => !scenario.startsWith('auth/'))

interface Run {
  checks: Checks
  code: number | null
  said: string
}

/** The suite may be content with the checks and still say no: where the client itself ended badly. */
function withExit(checks: Finding[] = [], { code, said }: Run): Finding[] {
  if (code === 0 || checks.some(({ status }) => status === 'FAILURE')) return checks
  const message = `the suite ended with ${code}: ${said.slice(-saidLimit)}`
  return [...checks, { scenario: checks[0]?.scenario ?? 'client', check: 'exit', status: 'FAILURE', message }]
}

async function run(leg: Leg, args: string[]): Promise<Run> {
  const directory = mkdtempSync(join(tmpdir(), 'bir-conformance-'))
  try {
    const child = spawn(process.execPath, [suiteCommand, leg, ...args, '-o', directory], {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: runLimitMs,
    })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', resolve)
    })
    return { checks: readChecks(directory), code, said }
  } finally {
    rmSync(directory, { recursive: true })
  }
}

function resultOf(wanted: ReturnType<typeof requirementsOf>, checks: Checks, said: string): SuiteResult {
  // A scenario that threw leaves no checks behind.
  const of = (scenario: string): Finding[] =>
    checks.get(scenario) ?? [{ scenario, check: 'ran', status: 'FAILURE', message: `it left no result: ${excerpt(said, scenario)}` }]
  const failing = (findings: Finding[]) => findings.filter(({ status }) => status === 'FAILURE')
  const required = wanted.required.map(of)
  return {
    required: { passed: required.filter((findings) => failing(findings).length === 0).length, total: required.length },
    failed: required.flatMap(failing),
    warnings: required.flat().filter(({ status }) => status === 'WARNING'),
    skipped: required.flat().filter(({ status }) => status === 'SKIPPED'),
    unscored: wanted.unscored.map(({ scenario, reason }) => ({ scenario, reason, failed: failing(of(scenario)) })),
  }
}

function excerpt(said: string, scenario: string): string {
  const from = Math.max(said.indexOf(scenario), 0)
  return said.slice(from, from + 400).trim()
}
