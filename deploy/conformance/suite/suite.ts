import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readChecks } from './checks.ts'
import type { Checks, Finding } from './checks.ts'
import { requirementsOf, suiteCommand } from './requirements.ts'
import type { Leg, Revision } from './requirements.ts'

const maxRunMs = 600_000
const maxOutputChars = 4_000

export interface SuiteResult {
  required: { passed: number; total: number }
  /** Checks of required scenarios that failed. */
  failed: Finding[]
  /** Checks of a SHOULD in the specification that were not met. They do not count. */
  warnings: Finding[]
  /** Checks of required scenarios that could not be made, because their subject is missing. */
  skipped: Finding[]
  /** Scenarios that are run and reported, and are not required. */
  unscored: { scenario: string; reason: string; failed: Finding[] }[]
}

/** Runs all scenarios that a revision requires of a server. */
export async function testServer(url: string, revision: Revision): Promise<SuiteResult> {
  const { checks, output } = await run('server', ['--url', url, '--requirements', revision])
  const { required, unscored } = requirementsOf(revision, 'server')
  return resultOf({ required, unscored }, checks, output)
}

/**
 * Runs one scenario as if it were required. Scenarios of
 * extensions belong to no revision, so the suite needs `--force`.
 */
export async function testServerScenario(url: string, revision: Revision, scenario: string): Promise<SuiteResult> {
  const { checks, output } = await run('server', ['--url', url, '--scenario', scenario, '--spec-version', revision, '--force'])
  return resultOf({ required: [scenario], unscored: [] }, checks, output)
}

/**
 * Runs the scenarios that a revision requires of a client, except
 * `auth/*`. One at a time: the suite would start all of them at once.
 */
export async function testClient(command: string, revision: Revision, onlyScenario?: string): Promise<SuiteResult> {
  const required = onlyScenario === undefined ? clientScenarios(revision) : [onlyScenario]
  const checks: Checks = new Map()
  let output = ''
  for (const scenario of required) {
    const result = await run('client', ['--command', command, '--scenario', scenario, '--spec-version', revision, '--timeout', '120000'])
    checks.set(scenario, withExit(result.checks.get(scenario), result))
    output += result.output
  }
  return resultOf({ required, unscored: [] }, checks, output)
}

const clientScenarios = (revision: Revision) =>
  requirementsOf(revision, 'client').required.filter((scenario) => !scenario.startsWith('auth/'))

interface Run {
  checks: Checks
  code: number | null
  output: string
}

/**
 * Adds a failed check when the suite failed although all checks
 * passed, because the client itself ended with an error.
 */
function withExit(checks: Finding[] = [], { code, output }: Run): Finding[] {
  if (code === 0 || checks.some(({ status }) => status === 'FAILURE')) return checks
  const message = `the suite ended with ${code}: ${output.slice(-maxOutputChars)}`
  return [...checks, { scenario: checks[0]?.scenario ?? 'client', check: 'exit', status: 'FAILURE', message }]
}

async function run(leg: Leg, args: string[]): Promise<Run> {
  const directory = mkdtempSync(join(tmpdir(), 'bir-conformance-'))
  try {
    const child = spawn(process.execPath, [suiteCommand, leg, ...args, '-o', directory], {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: maxRunMs,
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', resolve)
    })
    return { checks: readChecks(directory), code, output }
  } finally {
    rmSync(directory, { recursive: true })
  }
}

function resultOf(requirements: ReturnType<typeof requirementsOf>, checks: Checks, output: string): SuiteResult {
  // A scenario that threw leaves no checks behind.
  const findingsOf = (scenario: string): Finding[] =>
    checks.get(scenario) ?? [{ scenario, check: 'ran', status: 'FAILURE', message: `it left no result: ${excerpt(output, scenario)}` }]
  const failing = (findings: Finding[]) => findings.filter(({ status }) => status === 'FAILURE')
  const required = requirements.required.map(findingsOf)
  return {
    required: { passed: required.filter((findings) => failing(findings).length === 0).length, total: required.length },
    failed: required.flatMap(failing),
    warnings: required.flat().filter(({ status }) => status === 'WARNING'),
    skipped: required.flat().filter(({ status }) => status === 'SKIPPED'),
    unscored: requirements.unscored.map(({ scenario, reason }) => ({ scenario, reason, failed: failing(findingsOf(scenario)) })),
  }
}

function excerpt(output: string, scenario: string): string {
  const from = Math.max(output.indexOf(scenario), 0)
  return output.slice(from, from + 400).trim()
}
