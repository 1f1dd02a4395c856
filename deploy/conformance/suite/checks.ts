import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

export interface Finding {
  scenario: string
  check: string
  status: string
  message: string
}
/** The checks of each scenario. */
export type Checks = Map<string, Finding[]>

const Check = z.looseObject({
  id: z.string(),
  description: z.string().default(''),
  status: z.string(),
  errorMessage: z.string().optional(),
  details: z.unknown().optional(),
})

/** The last check of every scenario lists messages that break the schema. */
const Violations = z.looseObject({
  violations: z.array(z.looseObject({ context: z.string().default(''), errors: z.array(z.string()).default([]), message: z.unknown() })),
})

const maxDetailChars = 500

/** Reads the results that the suite has written: one folder per scenario, named after the scenario and the time. */
export function readChecks(directory: string): Checks {
  const checksOf: Checks = new Map()
  for (const file of globSync('**/checks.json', { cwd: directory })) {
    const scenario = scenarioOf(file)
    const checks = z.array(Check).parse(JSON.parse(readFileSync(join(directory, file), 'utf8')))
    checksOf.set(
      scenario,
      checks.map((check) => ({ scenario, check: check.id, status: check.status, message: messageOf(check) })),
    )
  }
  return checksOf
}

const scenarioOf = (file: string) =>
  file
    .replace(/^(authorization-)?server-(?=.+-\d{4}-\d\d-\d\dT)/, '')
    .replace(/-\d{4}-\d\d-\d\dT[\d-]+Z\/checks\.json$/, '')
    .replaceAll('\\', '/')

function messageOf({ description, errorMessage, details }: z.infer<typeof Check>): string {
  const violations = Violations.safeParse(details).data?.violations ?? []
  if (violations.length === 0) return errorMessage ?? description
  return violations
    .map(({ context, errors, message }) => `${context}: ${errors.join(', ')} in ${JSON.stringify(message).slice(0, maxDetailChars)}`)
    .join('; ')
}
