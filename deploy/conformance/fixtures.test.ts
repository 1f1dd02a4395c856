import { expect, test } from 'vitest'
import { skillsScenarios } from './extensions.ts'
import { requirementsOf } from './suite/requirements.ts'
import { testServer, testServerScenario } from './suite/suite.ts'
import { kinds, upstreams } from './upstreams/index.ts'

const combinations = kinds.flatMap((kind) => upstreams[kind].speaks.map((revision) => [kind, revision] as const))

test.for(combinations)('the %s fixture alone passes every scenario that the suite requires of a server at %s', async ([kind, revision]) => {
  await using upstream = await upstreams[kind].start()
  const { required, failed, warnings, unscored } = await testServer(upstream.url, revision)
  expect({ failed, warnings }).toEqual({ failed: [], warnings: [] })
  expect(required).toEqual({ passed: required.total, total: requirementsOf(revision, 'server').required.length })
  expect(unscored.filter(({ failed }) => failed.length > 0)).toEqual([])
})

test.for(skillsScenarios)('the modern fixture alone passes %s, every check of it', async (scenario) => {
  await using upstream = await upstreams.modern.start()
  const { failed, warnings, skipped } = await testServerScenario(upstream.url, '2026-07-28', scenario)
  expect({ failed, warnings, skipped }).toEqual({ failed: [], warnings: [], skipped: [] })
})

test('the suite requires 30 scenarios of a server at 2025-11-25, and 37 at 2026-07-28', () => {
  expect(requirementsOf('2025-11-25', 'server').required).toHaveLength(30)
  expect(requirementsOf('2026-07-28', 'server').required).toHaveLength(37)
})
