import type { Behind } from './matrix.ts'
import type { Revision } from './suite/requirements.ts'

interface Expected {
  behind: Behind
  revision: Revision
  scenario: string
  why: string
}

/** Required scenarios that cannot pass. One that passes after all is a fault of this list. */
export const expectedFailures: Expected[] = [
  {
    behind: 'legacy',
    revision: '2026-07-28',
    scenario: 'input-required-result-basic-elicitation',
    why: 'It wants the input request under the key user_name. A legacy server asks by a request of its own, which has no key: the gateway gives it one.',
  },
]

/** Scenarios that no revision requires and that are about what a server does not have. */
export const unservedScenarios: { behind: readonly Behind[]; scenario: RegExp; why: string }[] = [
  {
    behind: ['legacy', 'mounted'],
    scenario: /^tasks-/,
    why: 'A legacy server cannot have tasks of the extension, and the gateway has none of its own.',
  },
]
