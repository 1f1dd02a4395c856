import { expect, test } from 'vitest'
import { clientCommand } from './client/command.ts'
import { servesExtensions, skillsScenarios } from './extensions.ts'
import { expectedFailures, unservedScenarios } from './expected-failures.ts'
import { behind, wayThrough } from './matrix.ts'
import type { Behind } from './matrix.ts'
import { revisions } from './suite/requirements.ts'
import type { Revision } from './suite/requirements.ts'
import { testClient, testServer, testServerScenario } from './suite/suite.ts'
import type { SuiteResult } from './suite/suite.ts'

// Runs the official suite against the gateway, in front of servers of every era.
// One run at a time, because the suite also checks timing.

const maxRunMs = 600_000

const matrix = behind.flatMap((kind) => revisions.map((revision) => [kind, revision] as const))

const expectedOf = (kind: Behind, revision: Revision) =>
  expectedFailures.filter((failure) => failure.behind === kind && failure.revision === revision).map(({ scenario }) => scenario)

/** The unexpected failures as texts, so that a failing test shows the messages of the suite. */
function unexpected({ failed }: SuiteResult, expected: string[]): string[] {
  return failed
    .filter(({ scenario }) => !expected.includes(scenario))
    .map(({ scenario, check, message }) => `${scenario}: ${check}: ${message}`)
}

const isServed = (kind: Behind, scenario: string) =>
  !unservedScenarios.some((unserved) => unserved.behind.includes(kind) && unserved.scenario.test(scenario))

test.for(matrix)('a %s server behind the gateway conforms to %s', { timeout: maxRunMs }, async ([kind, revision]) => {
  await using way = await wayThrough(kind, 'plane')
  const result = await testServer(way.url, revision)
  const expected = expectedOf(kind, revision)
  expect(unexpected(result, expected)).toEqual([])
  expect(result.required.passed).toBe(result.required.total - expected.length)

  const unscored = result.unscored.filter(({ scenario, failed }) => failed.length > 0 && isServed(kind, scenario))
  expect(unscored).toEqual([])
})

const skills = servesExtensions.flatMap((kind) => skillsScenarios.map((scenario) => [kind, scenario] as const))

test.for(skills)('skills of a %s server behind the gateway: %s', { timeout: maxRunMs }, async ([kind, scenario]) => {
  await using way = await wayThrough(kind, 'plane')
  const { failed, warnings, skipped } = await testServerScenario(way.url, '2026-07-28', scenario)
  expect({ failed, warnings, skipped }).toEqual({ failed: [], warnings: [], skipped: [] })
})

test.for(revisions)('the gateway conforms to %s as a client, but for authorization', { timeout: maxRunMs }, async (revision) => {
  const result = await testClient(clientCommand('plane'), revision)
  expect(unexpected(result, [])).toEqual([])
  expect(result.required).toEqual({ passed: result.required.total, total: revision === '2026-07-28' ? 7 : 4 })
})
