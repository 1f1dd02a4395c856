import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

export interface Finding {
  scenario: string
  check: string
  status: string
  message: string
}
/** By scenario. */
export type Checks = Map<string, Finding[]>

const Check = z.looseObject({
  id: z.string(),
  description: z.string().default(''),
  status: z.string(),
  errorMessage: z.string().optional(),
  details: z.unknown().optional(),
})

/** Messages that broke the schema, in the check that every scenario ends with. */
const Violations = z.looseObject({
  violations: z.array(z.looseObject({ context: z.string().default(''), errors: z.array(z.string()).default([]), message: z.unknown() })),
})

const detailLimit = 500

/** What the suite wrote down: a folder a scenario, named after it and the time. */
export function readChecks(directory: string): Checks {
  const found: Checks = new Map()
  for (const file of globSync('**/checks.json', { cwd: directory })) {
    const scenario = scenarioOf(file)
    const checks = z.array(Check).parse(JSON.parse(readFileSync(join(directory, file), 'utf8')))
    found.set(
      scenario,
      checks.map((check) => ({ scenario, check: check.id, status: check.status, message: messageOf(check) })),
    )
  }
  return found
}

const scenarioOf = (file: string) =>
  file
    .replace(/^server-(?=.+-\d{4}-\d\d-\d\dT)/, '')
    .replace(/-\d{4}-\d\d-\d\dT[\d-]+Z\/checks\.json$/, '')
    .replaceAll('\\', '/')

function messageOf({ description, errorMessage, details }: z.infer<typeof Check>): string {
  const broken = Violations.safeParse(details).data?.violations ?? []
  if (broken.length === 0) return errorMessage ?? description
  return broken
    .map(({ context, errors, message }) => `${context}: ${errors.join(', ')} in ${JSON.stringify(message).slice(0, detailLimit)}`)
    .join('; ')
}
