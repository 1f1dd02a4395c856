import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'

export const revisions = ['2025-11-25', '2026-07-28'] as const
export type Revision = (typeof revisions)[number]
type Leg = 'server' | 'client'

const Requirements = z.looseObject({
  server: z.array(z.string()),
  client: z.array(z.string()),
  not_scored: z.array(z.looseObject({ scenario: z.string(), leg: z.enum(['server', 'client']), reason: z.string() })),
})

const home = dirname(createRequire(import.meta.url).resolve('@modelcontextprotocol/conformance/package.json'))

/** The command of the suite, from its package. */
export const suiteCommand = join(home, 'dist/index.js')

/** The scenarios that a revision requires, and those that the suite only reports, with the reason. */
export function requirementsOf(revision: Revision, leg: Leg): { required: string[]; unscored: { scenario: string; reason: string }[] } {
  const set = Requirements.parse(parse(readFileSync(join(home, 'requirements', `${revision}.yaml`), 'utf8')))
  return { required: set[leg], unscored: set.not_scored.filter((entry) => entry.leg === leg) }
}
