import type { Behind } from './matrix.ts'
import type { Revision } from './suite/requirements.ts'

interface ExpectedFailure {
  behind: Behind
  revision: Revision
  scenario: string
  why: string
}

/** Required scenarios that cannot pass. The test fails when one of them passes, so that it is removed here. */
export const expectedFailures: ExpectedFailure[] = [
  {
    behind: 'legacy',
    revision: '2026-07-28',
    scenario: 'input-required-result-basic-elicitation',
    why: 'It wants the input request under the key user_name. A legacy server asks by a request of its own, which has no key: the gateway gives it one.',
  },
  {
    behind: 'sse',
    revision: '2026-07-28',
    scenario: 'input-required-result-basic-elicitation',
    why: 'The same: a server of the HTTP+SSE transport is a legacy server.',
  },
]

/** Scenarios that no revision requires, about features that the server does not have. */
export const unservedScenarios: { behind: readonly Behind[]; scenario: RegExp; why: string }[] = [
  {
    behind: ['legacy', 'sse', 'mounted'],
    scenario: /^tasks-/,
    why: 'A legacy server cannot have tasks of the extension, and the gateway has none of its own.',
  },
]
