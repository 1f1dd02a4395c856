import type { Checks, Finding } from './checks.ts'
import { requirementsOf } from './requirements.ts'
import type { Revision } from './requirements.ts'
import { run } from './run-suite.ts'
import type { Run } from './run-suite.ts'

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

/** The scenarios for an authorization server. No revision requires them, so all of them count. */
const authorizationScenarios = ['authorization-server-metadata-endpoint', 'authorization-code-grant']

interface TestedAuthorization {
  issuer: string
  /** A public client that may return to `http://127.0.0.1:<port>/callback`. */
  clientId: string
  /** What the tokens are for. */
  resource: string
  port: number
}

/** Runs all scenarios for an authorization server. `open` does with an address what the person's browser does. */
export async function testAuthorization(
  { issuer, clientId, resource, port }: TestedAuthorization,
  open: (url: string) => Promise<unknown>,
): Promise<SuiteResult> {
  const opened: Promise<unknown>[] = []
  const { checks, output } = await run(
    'authorization',
    ['--url', issuer, '--client-id', clientId, '--resource', resource, '-p', String(port)],
    // It prints the address on a line of its own.
    (line) => line.startsWith(`${issuer}/`) && opened.push(open(line)),
  )
  await Promise.all(opened)
  return resultOf({ required: authorizationScenarios, unscored: [] }, checks, output)
}

const clientScenarios = (revision: Revision) =>
  requirementsOf(revision, 'client').required.filter((scenario) => !scenario.startsWith('auth/'))

/**
 * Adds a failed check when the suite failed although all checks
 * passed, because the client itself ended with an error.
 */
function withExit(checks: Finding[] = [], { code, output }: Run): Finding[] {
  if (code === 0 || checks.some(({ status }) => status === 'FAILURE')) return checks
  const message = `the suite ended with ${code}: ${output.slice(-maxOutputChars)}`
  return [...checks, { scenario: checks[0]?.scenario ?? 'client', check: 'exit', status: 'FAILURE', message }]
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
